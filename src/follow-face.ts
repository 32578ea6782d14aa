import { intersectionOverUnion } from './detection/boxes.js'
import type { Detector } from './detection/detector.js'
import type { Detection } from './detection/face.js'
import type { TrackedFace } from './detection/track.js'
import { distanceSq } from './encoding/embedding.js'
import type { Frame } from './frame/image.js'
import {
  moveBox,
  type FacePresenter,
  type PresentedFace,
  type TimedEmbedding,
} from './presented-face.js'

/** When a face that is read where the last frame's lay is taken for that face. */
export interface FollowRule {
  /** A face that was seen longer ago may be anywhere. */
  readonly maxAgeMs: number
  /** Squared distance to the last frame's embedding, at most: the encoder is the witness. */
  readonly maxDistanceSq: number
  /** Overlap with what the detector finds when it looks, at least. */
  readonly minIou: number
}

/** What following made of a frame. */
export interface Following {
  /** The last frame's face as it lies in this one; absent where only the detector can say. */
  readonly followed: PresentedFace | undefined
  /** What the detector is finding in the same frame, where it was set on already. */
  readonly look: Promise<Detection[]> | undefined
}

/**
 * Follows the only face of a frame into the next ones, so that these need not wait for the detector. It
 * looks at every other frame all the same, beside the line: what it says of one frame decides whether
 * the next may be followed. A frame that is not followed is detected as any other.
 */
export interface FaceFollower {
  follow(frame: Frame): Promise<Following>
  /**
   * What became of the frame.
   * @param seen the only face in it, good enough to be encoded; absent ends the following
   */
  saw(
    seen: { readonly tracked: TrackedFace; readonly embedding: Float32Array } | undefined,
    following: Following,
  ): void
}

interface LastFace {
  readonly tracked: TrackedFace
  readonly embedding: Float32Array
  /** The face as the detector saw it, and no other beside it; absent where it did not look. */
  readonly confirmed: Promise<Detection | undefined> | undefined
}

const NOTHING: Following = { followed: undefined, look: undefined }

/** @param attendsTo whether the door judges that track now */
export function createFaceFollower(parts: {
  readonly presenter: Pick<FacePresenter, 'lead'>
  readonly detect: Detector
  readonly attendsTo: (trackId: number, monotonicMs: number) => boolean
  readonly rule: FollowRule
}): FaceFollower {
  const { presenter, detect, attendsTo, rule } = parts
  let last: LastFace | undefined

  function isSame(made: TimedEmbedding | undefined, { embedding }: LastFace): boolean {
    return made !== undefined && distanceSq(made.embedding.vector, embedding) <= rule.maxDistanceSq
  }

  /** The face that was led to, if it is the last one; its box goes on from the detector's. */
  async function accept(led: PresentedFace, from: LastFace): Promise<PresentedFace | undefined> {
    if (from.confirmed === undefined) return isSame(await led.encoding, from) ? led : undefined
    const found = await from.confirmed
    if (found === undefined || !isSame(await led.encoding, from)) return undefined
    return { ...led, face: { ...led.face, box: moveBox(found.box, from.tracked.face, led.face) } }
  }

  function confirm(found: readonly Detection[], { box }: Detection): Detection | undefined {
    const [only] = found
    return found.length === 1 && intersectionOverUnion(only.box, box) >= rule.minIou
      ? only
      : undefined
  }

  return {
    async follow(frame) {
      const from = last
      last = undefined
      if (from === undefined) return NOTHING
      const { trackId, monotonicMs, face } = from.tracked
      if (!(frame.monotonicMs - monotonicMs <= rule.maxAgeMs)) return NOTHING
      if (!attendsTo(trackId, frame.monotonicMs)) return NOTHING
      const led = await presenter.lead(frame, face)
      if (led === undefined) return NOTHING
      const look = from.confirmed === undefined ? detect(frame.image) : undefined
      // Told by who waits for it, unless a fault of another stage comes first.
      look?.catch(() => undefined)
      return { followed: await accept(led, from), look }
    },
    saw(seen, { followed, look }) {
      if (seen === undefined) return
      const confirmed =
        followed === undefined
          ? Promise.resolve(seen.tracked.face)
          : look?.then((found) => confirm(found, followed.face))
      confirmed?.catch(() => undefined)
      last = { ...seen, confirmed }
    },
  }
}
