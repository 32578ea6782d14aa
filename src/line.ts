import type { EndedAttempt, Observation, ProbeMatch } from './decision/attempt.js'
import { createDoor } from './decision/door.js'
import type { Door, DoorRules } from './decision/door.js'
import type { Detection, Face, FaceFinder } from './detection/face.js'
import type { MotionGate } from './detection/motion-gate.js'
import { createFaceTracker } from './detection/track.js'
import type { FaceTrackerOptions, TrackedFace } from './detection/track.js'
import type { Embedding } from './encoding/embedding.js'
import type { Encoder } from './encoding/encoder.js'
import { createFaceFollower, type FollowRule } from './follow-face.js'
import type { Frame, Image } from './frame/image.js'
import type { LivenessJudge, LivenessReading } from './liveness/judge.js'
import type { Identification } from './matching/gallery.js'
import { createFacePresenter, encodeTimed } from './presented-face.js'
import type { PresentedFace } from './presented-face.js'
import { PROBE_LIMITS, QUALITY_ADVICE, judgeQuality } from './quality/quality.js'
import type { Quality } from './quality/quality.js'

/** The face that a probe was made of. */
export interface ProbeFace {
  readonly aligned: Image
  /** 0..1, see `src/quality`. */
  readonly quality: number
}

export interface LineParts {
  readonly finder: Pick<FaceFinder, 'detect' | 'locate'>
  /** Decides which frames are worth looking for a face; without it every frame is. */
  readonly motionGate?: MotionGate
  readonly encoder: Encoder
  readonly liveness: LivenessJudge
  /** 1:K search at the threshold for the present K. */
  readonly identify: (probe: Embedding, face: ProbeFace) => Identification
  readonly trackerOptions: FaceTrackerOptions
  readonly followRule: FollowRule
  readonly doorRules: DoorRules
  /** Encodes faces that are not good enough to be recognised, too, so that a challenge sees a swap. */
  readonly encodesEveryFace?: boolean
}

/**
 * Time from each stage's begin to its end in one frame; 0 where the stage did not run. Nets of encoding
 * and liveness may run beside the other stages.
 */
export interface StageTimes {
  readonly detectionMs: number
  readonly qualityMs: number
  readonly livenessMs: number
  readonly encodingMs: number
  readonly matchingMs: number
}

/** What the line made of one frame. */
export interface Judgement {
  readonly frame: Frame
  readonly faces: readonly Face[]
  readonly tracked: TrackedFace | undefined
  /** Absent while the door rests from its last decision about this face. */
  readonly quality: Quality | undefined
  readonly liveness: LivenessReading | undefined
  readonly match: ProbeMatch | undefined
  readonly prompt: string | undefined
  readonly ended: readonly EndedAttempt[]
  readonly stages: StageTimes
}

/** The way of a frame: detection → tracking → quality → encoding → liveness → matching → decision. */
export interface Line {
  judge(frame: Frame): Promise<Judgement>
  readonly attemptUnderWay: Door['attemptUnderWay']
  /** Ends what is open, because the daemon stops. */
  close(monotonicMs: number): readonly EndedAttempt[]
  /** Ends what is open with the reason `fault`: a stage or the camera failed. */
  fail(monotonicMs: number, detail: string): readonly EndedAttempt[]
}

/** Joins the stages; knows no camera, broker, store or clock, so it runs over clips as well. */
export function createLine(parts: LineParts): Line {
  const { finder, motionGate, encoder, liveness, identify, followRule } = parts
  const { encodesEveryFace = false } = parts
  const tracker = createFaceTracker<Detection>(parts.trackerOptions)
  const presenter = createFacePresenter(parts)
  const door = createDoor(parts.doorRules)
  const follower = createFaceFollower({
    presenter,
    detect: (image) => finder.detect(image),
    attendsTo: (trackId, nowMs) => door.attendsTo(trackId, nowMs),
    rule: followRule,
  })
  let attendedTrackId: number | undefined
  /** Whether the attended face was good enough when it was last seen. */
  let wasGood = false

  async function observe(frame: Frame, { face, aligned, aligningMs, ...begun }: PresentedFace) {
    const startMs = performance.now()
    const quality = judgeQuality(frame.image, face, aligned, PROBE_LIMITS)
    wasGood = quality.ok
    const qualityMs = aligningMs + performance.now() - startMs
    const wanted = quality.ok || encodesEveryFace
    const encoding = wanted
      ? (begun.encoding ?? encodeTimed(encoder, aligned))
      : Promise.resolve(undefined)
    const vector = encoding.then((made) => made?.embedding.vector)
    // Liveness waits for it and tells of its fault, unless one of its own comes first.
    vector.catch(() => undefined)
    const judgingMs = performance.now()
    const reading = await liveness.judge(frame, face, vector)
    const made = await encoding
    const judgedMs = performance.now()
    let probe: Observation['probe']
    if (made !== undefined && quality.ok) {
      const { embedding } = made
      const match = identify(embedding, { aligned, quality: quality.score })
      if (match.outcome === 'refused') throw new Error(`probe refused: ${match.detail}`)
      probe = { embedding: embedding.vector, match }
    } else {
      probe = { fault: quality.ok ? 'no face good enough to judge' : QUALITY_ADVICE[quality.fault] }
    }
    const stages = {
      qualityMs,
      livenessMs: judgedMs - judgingMs,
      encodingMs: made?.tookMs ?? 0,
      matchingMs: performance.now() - judgedMs,
    }
    const observation: Observation = {
      monotonicMs: frame.monotonicMs,
      liveness: reading.fused,
      probe,
    }
    return { observation, quality, reading, stages }
  }

  async function judge(frame: Frame): Promise<Judgement> {
    const looks = motionGate?.wants(frame) ?? true
    const following = looks ? await follower.follow(frame) : undefined
    const { followed, look } = following ?? {}
    let startMs = performance.now()
    const detections =
      followed !== undefined
        ? [followed.face]
        : looks
          ? await (look ?? finder.detect(frame.image))
          : []
    if (looks) motionGate?.saw(frame, detections.length)
    const { tracked: found, endedTrackId } = tracker.update(frame, detections)
    if (found !== undefined && found.trackId !== attendedTrackId) {
      attendedTrackId = found.trackId
      wasGood = false
      liveness.restart()
    }
    const attends = found !== undefined && door.attendsTo(found.trackId, frame.monotonicMs)
    let detectionMs = performance.now() - startMs
    const presented = attends
      ? (followed ?? (await presenter.present(frame, found.face, wasGood || encodesEveryFace)))
      : undefined
    startMs = performance.now()
    const others = detections.filter((one) => presented === undefined || one !== found?.face)
    const located = await finder.locate(frame.image, others)
    detectionMs += performance.now() - startMs + (presented?.locatingMs ?? 0)
    const faces = detections.map((one) =>
      presented !== undefined && one === found?.face
        ? presented.face
        : located[others.indexOf(one)],
    )
    const tracked = found && { ...found, face: faces[detections.indexOf(found.face)] }
    const seen = presented && (await observe(frame, presented))
    const { ended, prompt, restartLiveness } = door.step({
      monotonicMs: frame.monotonicMs,
      trackId: tracked?.trackId,
      endedTrackId,
      observation: seen?.observation,
    })
    if (restartLiveness) liveness.restart()
    const probe = seen?.observation.probe
    const embedding = probe !== undefined && 'match' in probe ? probe.embedding : undefined
    const isAlone = tracked !== undefined && embedding !== undefined && faces.length === 1
    if (following) follower.saw(isAlone ? { tracked, embedding } : undefined, following)
    return {
      frame,
      faces,
      tracked,
      quality: seen?.quality,
      liveness: seen?.reading,
      match: probe !== undefined && 'match' in probe ? probe.match : undefined,
      prompt,
      ended,
      stages: {
        detectionMs: looks ? detectionMs : 0,
        ...(seen?.stages ?? { qualityMs: 0, livenessMs: 0, encodingMs: 0, matchingMs: 0 }),
      },
    }
  }

  return {
    judge,
    attemptUnderWay: () => door.attemptUnderWay(),
    close: (nowMs) => door.close(nowMs),
    fail: (nowMs, why) => door.fail(nowMs, why),
  }
}
