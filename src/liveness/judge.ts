import type { Detection, Face, Landmarks } from '../detection/face.js'
import type { Frame } from '../frame/image.js'
import type { ChallengeCue, ChallengePrompt } from './challenge/challenge-cue.js'
import type { Cue, CueReading } from './cue.js'
import { viewOrNothing } from './face-view.js'
import type { FaceView, FaceViewer } from './face-view.js'
import { fuseCues } from './fusion.js'
import type { LivenessMode, LivenessOutcome } from './fusion.js'

/** What liveness makes of the attempt so far, with the figures that go into the record. */
export interface LivenessReading {
  readonly fused: LivenessOutcome
  readonly cues: readonly CueReading[]
  /** Mean live score of the texture net, 0..1; `null` before it could speak. */
  readonly textureScore: number | null
  /** Events seen that no still can make. */
  readonly lifeEvents: number
  /** What made the outcome `live`: the event's kind, or `challenge` and its nonce. */
  readonly proof: string | null
  /** What the display asks the person to do, step by step. */
  readonly challenge: ChallengePrompt | null
  /**
   * Time from each cue's begin to its end over this frame, beside others or not; `view` is the face's
   * redrawing, which cues share.
   */
  readonly cueMs: Readonly<Record<string, number>>
}

/** Judges whether the attended face is alive; keeps what it needs of the attempt's past. */
export interface LivenessJudge {
  /** Begins the cues that the detector's box is enough for; {@link judge} of the same frame may follow. */
  begin(frame: Frame, detection: Detection): void
  /**
   * Does what needs the face and no past: draws its view, begins the cues that look at this picture
   * alone. {@link judge} of the same frame and points goes on from there, and does it itself otherwise.
   */
  look(frame: Frame, face: Face): Promise<void>
  /** @param embedding of the same face, where it is encoded; may still be under way */
  judge(
    frame: Frame,
    face: Face,
    embedding?: Float32Array | Promise<Float32Array | undefined>,
  ): Promise<LivenessReading>
  /** Forgets all evidence: another face, or another attempt. */
  restart(): void
}

export interface LivenessJudgeOptions {
  readonly mode: LivenessMode
  readonly viewFace: FaceViewer
  /** As `createCues` makes them; a cue belongs to one judge alone. */
  readonly cues: readonly Cue[]
  /** Of mode `challenge`; one of the cues as well. */
  readonly challenge?: ChallengeCue
}

/** What was seen of a face by itself. */
interface Looked {
  readonly frame: Frame
  readonly landmarks: Landmarks
  readonly view: FaceView | undefined
  readonly viewMs: number
}

/** Runs every cue over the frames of one attempt and fuses what they say. */
export function createLivenessJudge(options: LivenessJudgeOptions): LivenessJudge {
  const { mode, viewFace, cues, challenge } = options
  const needing = (what: Cue['needs']) => cues.filter(({ needs = 'view' }) => needs === what)
  const begunMs = new Map<string, number>()
  let looked: Looked | undefined

  async function look(frame: Frame, face: Face): Promise<Looked> {
    for (const cue of cues) {
      if (cue.beginWithFace === undefined) continue
      begunMs.set(cue.name, performance.now())
      cue.beginWithFace(frame, face)
    }
    const startMs = performance.now()
    const view = await viewOrNothing(viewFace, frame.image, face.landmarks)
    return { frame, landmarks: face.landmarks, view, viewMs: performance.now() - startMs }
  }

  return {
    begin(frame, detection) {
      for (const cue of cues) {
        if (cue.beginWithBox === undefined) continue
        begunMs.set(cue.name, performance.now())
        cue.beginWithBox(frame, detection)
      }
    },
    async look(frame, face) {
      looked = await look(frame, face)
    },
    async judge(frame, face, coming) {
      const { view, viewMs } =
        looked?.frame === frame && looked.landmarks === face.landmarks
          ? looked
          : await look(frame, face)
      looked = undefined
      const cueMs: Record<string, number> = { view: viewMs }
      let lastMs = performance.now()
      const lap = (name: string) => {
        const nowMs = performance.now()
        cueMs[name] = nowMs - lastMs
        lastMs = nowMs
      }
      const begun = Promise.all(
        needing('frame').map(async (cue) => {
          const startMs = begunMs.get(cue.name) ?? performance.now()
          await cue.observe({ frame, face, view: undefined })
          cueMs[cue.name] = performance.now() - startMs
        }),
      )
      begunMs.clear()
      // Told below, once what runs beside it is over.
      begun.catch(() => undefined)
      lastMs = performance.now()
      for (const cue of needing('view')) {
        await cue.observe({ frame, face, view })
        lap(cue.name)
      }
      const embedding = await coming
      await begun
      lastMs = performance.now()
      for (const cue of needing('embedding')) {
        await cue.observe({ frame, face, view, embedding })
        lap(cue.name)
      }
      const readings = cues.map((cue): CueReading => ({ name: cue.name, outcome: cue.outcome() }))
      const find = (name: string) => readings.find((reading) => reading.name === name)?.outcome
      const fused = fuseCues(mode, readings)
      const nonce = challenge?.passedNonce() ?? null
      const seen = nonce === null ? (find('life')?.reason ?? null) : `challenge ${nonce}`
      return {
        fused,
        cues: readings,
        textureScore: find('texture')?.score ?? null,
        lifeEvents: find('life')?.eventCount ?? 0,
        proof: fused.outcome === 'live' && mode !== 'texture' ? seen : null,
        challenge: challenge?.prompt() ?? null,
        cueMs,
      }
    },
    restart() {
      looked = undefined
      for (const cue of cues) cue.restart()
    },
  }
}
