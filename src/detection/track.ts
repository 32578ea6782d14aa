import type { Frame } from '../frame/image.js'
import { intersectionOverUnion } from './boxes.js'
import type { Detection, Face } from './face.js'

/** The same face over several frames; of a tracker that runs before the points are known, its box. */
export interface TrackedFace<D extends Detection = Face> {
  /** Counts up from 1; a new number means the thread to the earlier face was lost. */
  readonly trackId: number
  readonly face: D
  readonly firstSeenMs: number
  readonly monotonicMs: number
}

/** What tracking makes of one frame. */
export interface TrackUpdate<D extends Detection = Face> {
  /** The face the door attends to, if there is one. */
  readonly tracked: TrackedFace<D> | undefined
  /** Id of the track that ended with this frame, if one did. */
  readonly endedTrackId: number | undefined
  /** All faces seen; more than one before a door is worth a word on the display. */
  readonly faceCount: number
}

export interface FaceTrackerOptions {
  /** Boxes of consecutive frames that overlap less are not the same face. */
  readonly minIou: number
  /** How long a face may be out of sight before its track ends. */
  readonly maxGapMs: number
}

/** Follows the most prominent face from frame to frame. */
export interface FaceTracker<D extends Detection = Face> {
  update(frame: Frame, faces: readonly D[]): TrackUpdate<D>
}

/**
 * A tracker that attends to one face at a time: it stays with the face it has while its box overlaps
 * from frame to frame, and takes up the largest face once that one is gone.
 */
export function createFaceTracker<D extends Detection = Face>(
  options: FaceTrackerOptions,
): FaceTracker<D> {
  let nextId = 1
  let current: TrackedFace<D> | undefined

  function update(frame: Frame, faces: readonly D[]): TrackUpdate<D> {
    const faceCount = faces.length
    const previous = current
    let endedTrackId: number | undefined
    if (previous !== undefined) {
      const inTime = frame.monotonicMs - previous.monotonicMs <= options.maxGapMs
      const successor = inTime ? bestOverlap(previous.face, faces, options.minIou) : undefined
      if (successor !== undefined) {
        current = { ...previous, face: successor, monotonicMs: frame.monotonicMs }
        return { tracked: current, endedTrackId, faceCount }
      }
      if (inTime && faceCount === 0) return { tracked: undefined, endedTrackId, faceCount }
      current = undefined
      endedTrackId = previous.trackId
    }
    const largest = faces.at(0)
    if (largest !== undefined) {
      current = {
        trackId: nextId++,
        face: largest,
        firstSeenMs: frame.monotonicMs,
        monotonicMs: frame.monotonicMs,
      }
    }
    return { tracked: current, endedTrackId, faceCount }
  }

  return { update }
}

function bestOverlap<D extends Detection>(
  face: D,
  faces: readonly D[],
  minIou: number,
): D | undefined {
  let best: D | undefined
  let bestIou = minIou
  for (const candidate of faces) {
    const iou = intersectionOverUnion(face.box, candidate.box)
    if (iou >= bestIou) {
      best = candidate
      bestIou = iou
    }
  }
  return best
}
