import type { EndedAttempt, Observation, ProbeMatch } from './decision/attempt.js'
import { createDoor } from './decision/door.js'
import type { Door, DoorRules } from './decision/door.js'
import type { Detection, Face, FaceFinder } from './detection/face.js'
import type { MotionGate } from './detection/motion-gate.js'
import { createFaceTracker } from './detection/track.js'
import type { FaceTrackerOptions, TrackedFace } from './detection/track.js'
import type { Embedding } from './encoding/embedding.js'
import type { Encoder } from './encoding/encoder.js'
import type { Frame, Image } from './frame/image.js'
import type { LivenessJudge, LivenessReading } from './liveness/judge.js'
import type { Identification } from './matching/gallery.js'
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
  readonly doorRules: DoorRules
  /** Encodes faces that are not good enough to be recognised, too, so that a challenge sees a swap. */
  readonly encodesEveryFace?: boolean
}

/**
 * Time from each stage's begin to its end in one frame; 0 where the stage did not run. Encoding may run
 * beside quality and liveness, and the texture net of liveness begins beside detection.
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
  const { finder, motionGate, encoder, liveness, identify } = parts
  const tracker = createFaceTracker<Detection>(parts.trackerOptions)
  const door = createDoor(parts.doorRules)
  let attendedTrackId: number | undefined
  /** Whether the attended face was good enough when it was last seen. */
  let wasGood = false

  async function observe(frame: Frame, face: Face) {
    const startMs = performance.now()
    const aligned = encoder.align(frame.image, face)
    const alignedMs = performance.now()
    let encodingEndMs = alignedMs
    const encode = () => encoder.encode(aligned).finally(() => (encodingEndMs = performance.now()))
    // A face that was good is mostly good again: its encoding need not wait for the verdict.
    const early = wasGood || parts.encodesEveryFace === true ? encode() : undefined
    early?.catch(() => undefined)
    const quality = judgeQuality(frame.image, face, aligned, PROBE_LIMITS)
    wasGood = quality.ok
    const qualityEndMs = performance.now()
    const wanted = quality.ok || parts.encodesEveryFace === true
    const encoding = wanted ? (early ?? encode()) : Promise.resolve(undefined)
    const vector = encoding.then((made) => made?.vector)
    // Liveness waits for it and tells of its fault, unless one of its own comes first.
    vector.catch(() => undefined)
    const encodingBegunMs = performance.now()
    const reading = await liveness.judge(frame, face, vector)
    const embedding = await encoding
    const livenessEndMs = performance.now()
    let probe: Observation['probe']
    if (embedding !== undefined && quality.ok) {
      const match = identify(embedding, { aligned, quality: quality.score })
      if (match.outcome === 'refused') throw new Error(`probe refused: ${match.detail}`)
      probe = { embedding: embedding.vector, match }
    } else {
      probe = { fault: quality.ok ? 'no face good enough to judge' : QUALITY_ADVICE[quality.fault] }
    }
    const stages = {
      qualityMs: qualityEndMs - startMs,
      livenessMs: livenessEndMs - encodingBegunMs,
      encodingMs: wanted ? encodingEndMs - (early === undefined ? qualityEndMs : alignedMs) : 0,
      matchingMs: performance.now() - livenessEndMs,
    }
    const observation: Observation = {
      monotonicMs: frame.monotonicMs,
      liveness: reading.fused,
      probe,
    }
    return { observation, quality, reading, stages }
  }

  async function judge(frame: Frame): Promise<Judgement> {
    const startMs = performance.now()
    const looks = motionGate?.wants(frame) ?? true
    const detections = looks ? await finder.detect(frame.image) : []
    if (looks) motionGate?.saw(frame, detections.length)
    const { tracked: found, endedTrackId } = tracker.update(frame, detections)
    if (found !== undefined && found.trackId !== attendedTrackId) {
      attendedTrackId = found.trackId
      wasGood = false
      liveness.restart()
    }
    const attends = found !== undefined && door.attendsTo(found.trackId, frame.monotonicMs)
    if (attends) liveness.begin(frame, found.face)
    const faces = looks ? await finder.locate(frame.image, detections) : []
    const tracked = found && { ...found, face: faces[detections.indexOf(found.face)] }
    const detectionMs = looks ? performance.now() - startMs : 0
    const seen = attends && tracked ? await observe(frame, tracked.face) : undefined
    const { ended, prompt, restartLiveness } = door.step({
      monotonicMs: frame.monotonicMs,
      trackId: tracked?.trackId,
      endedTrackId,
      observation: seen?.observation,
    })
    if (restartLiveness) liveness.restart()
    const probe = seen?.observation.probe
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
        detectionMs,
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
