import type { CueSample, LiveEvent, LiveFace, LivePort, Snapshot } from './admin/ports/live.js'
import type { Decision } from './decision/decision.js'
import { toFaceRejection } from './face-rejection.js'
import { encodeJpeg } from './frame/decode.js'
import type { Frame } from './frame/image.js'
import type { Judgement } from './line.js'

/** What viewers of the console see: the newest picture, boxes, prompts and decisions. */
export interface LiveView extends LivePort {
  /** A copy of the newest frame, whose own memory the camera takes back; enrolment at the door takes it. */
  latestFrame(): Frame | undefined
  readonly showFrame: (frame: Frame) => void
  showJudgement(judgement: Judgement): void
  /** @param trackId the track that the decision is about */
  showDecision(decision: Decision, trackId: number | undefined): void
  /** Camera, broker, store, K or τ have changed. */
  showSystemChange(): void
}

interface Verdict {
  readonly trackId: number
  readonly decision: Decision
}

/** JPEG quality of the live picture: good enough to enrol from by eye, small enough for a phone. */
const LIVE_JPEG_QUALITY = 80

/** Between two events of what the liveness cues say. */
const CUES_EVERY_MS = 200

/** Five minutes of them. */
const KEPT_CUE_SAMPLES = 1500

/** Keeps the newest frame only; encodes it when, and only when, somebody asks. */
export function createLiveView(): LiveView {
  const listeners = new Set<(event: LiveEvent) => void>()
  let newest: Frame | undefined
  let encoded: { readonly frame: Frame; readonly snapshot: Promise<Snapshot> } | undefined
  let verdict: Verdict | undefined
  let lastPrompt: string | undefined
  let lastFaceCount = 0
  let cuesShownMs = -Infinity
  const recentCues: CueSample[] = []
  let shownChallenge: string | undefined

  function emit(event: LiveEvent): void {
    for (const listener of listeners) listener(event)
  }

  async function encode(frame: Frame): Promise<Snapshot> {
    const jpeg = await encodeJpeg(frame.image, LIVE_JPEG_QUALITY)
    return { jpeg, sequence: frame.sequence, capturedAtMs: frame.capturedAtMs }
  }

  function describeFace(judgement: Judgement): LiveFace[] {
    const { tracked } = judgement
    if (tracked === undefined) return []
    const { trackId, face } = tracked
    const about = verdict?.trackId === trackId && judgement.quality === undefined
    const decision = about ? verdict?.decision : undefined
    return [
      {
        trackId,
        box: face.box,
        standing: decision?.outcome ?? 'judging',
        name: decision?.outcome === 'granted' ? decision.person.name : null,
        reason: decision?.outcome === 'denied' ? decision.reason : null,
        quality: describeQuality(judgement.quality),
      },
    ]
  }

  return {
    latestFrame: () => newest && copyOf(newest),
    showFrame(frame) {
      newest = frame
    },
    async latestJpeg() {
      if (newest === undefined) return undefined
      if (encoded?.frame !== newest) encoded = { frame: newest, snapshot: encode(copyOf(newest)) }
      return encoded.snapshot
    },
    recentCues: () => recentCues,
    subscribe(listener) {
      listeners.add(listener)
      return () => {
        listeners.delete(listener)
      }
    },
    showJudgement(judgement) {
      if (judgement.prompt !== lastPrompt) {
        lastPrompt = judgement.prompt
        const prompt =
          lastPrompt === undefined ? null : { code: promptCode(lastPrompt), text: lastPrompt }
        emit({ type: 'prompt', prompt })
      }
      const { liveness } = judgement
      const challenge = liveness?.challenge ?? null
      const asked = challenge === null ? undefined : `${challenge.nonce} ${challenge.at}`
      if (asked !== shownChallenge) {
        shownChallenge = asked
        emit({ type: 'challenge', challenge })
      }
      const { monotonicMs } = judgement.frame
      if (liveness !== undefined && !(monotonicMs - cuesShownMs < CUES_EVERY_MS)) {
        cuesShownMs = monotonicMs
        const entries = liveness.cues.map(
          ({ name, outcome: { verdict, score } }) => [name, { verdict, score }] as const,
        )
        const cues = Object.fromEntries(entries)
        recentCues.push({ atMs: judgement.frame.capturedAtMs, cues })
        if (recentCues.length > KEPT_CUE_SAMPLES) recentCues.shift()
        emit({ type: 'cues', cues })
      }
      const faces = describeFace(judgement)
      if (faces.length > 0 || lastFaceCount > 0) {
        const { sequence, image } = judgement.frame
        const frame = { width: image.width, height: image.height }
        emit({ type: 'faces', sequence, frame, faces })
      }
      lastFaceCount = faces.length
    },
    showDecision(decision, trackId) {
      if (trackId !== undefined) verdict = { trackId, decision }
      emit({ type: 'decision', decision })
    },
    showSystemChange: () => emit({ type: 'system' }),
  }
}

function copyOf(frame: Frame): Frame {
  const { image } = frame
  return { ...frame, image: { ...image, data: new Uint8Array(image.data) } }
}

function describeQuality(quality: Judgement['quality']): LiveFace['quality'] {
  if (quality === undefined) return null
  return quality.ok ? 'good' : toFaceRejection(quality.fault)
}

/** A stable code for a prompt, so that a display may translate it. */
function promptCode(text: string): string {
  return text
    .toLowerCase()
    .replace(/[^a-z]+/g, '-')
    .replace(/^-|-$/g, '')
}
