import { intersectionOverUnion } from './detection/boxes.js'
import type { Detection, Face, FaceFinder } from './detection/face.js'
import type { Embedding } from './encoding/embedding.js'
import type { Encoder } from './encoding/encoder.js'
import type { Box, Frame, Image } from './frame/image.js'
import { estimateSimilarity } from './frame/similarity.js'
import type { LivenessJudge } from './liveness/judge.js'

/** A face of a frame, ready to be judged, and what was begun with it. */
export interface PresentedFace {
  readonly face: Face
  readonly aligned: Image
  /** Under way, where the face is likely to be good enough. */
  readonly encoding: Promise<TimedEmbedding> | undefined
  /** Time for its points, and for its alignment. */
  readonly locatingMs: number
  readonly aligningMs: number
}

export interface TimedEmbedding {
  readonly embedding: Embedding
  readonly tookMs: number
}

/** The box of a face, after its five points moved. @throws RangeError when they all coincide */
export function moveBox(
  box: Box,
  from: Pick<Face, 'fivePoints'>,
  to: Pick<Face, 'fivePoints'>,
): Box {
  const { a, b, tx, ty } = estimateSimilarity(from.fivePoints, to.fivePoints)
  const x = box.x + box.width / 2
  const y = box.y + box.height / 2
  const scale = Math.hypot(a, b)
  const [width, height] = [box.width * scale, box.height * scale]
  return {
    x: a * x - b * y + tx - width / 2,
    y: b * x + a * y + ty - height / 2,
    width,
    height,
  }
}

/** Makes faces ready for the judging stages, nets of the side thread first. */
export interface FacePresenter {
  /** @param encodes whether the face is likely to be good enough to be encoded */
  present(frame: Frame, detection: Detection, encodes: boolean): Promise<PresentedFace>
  /**
   * Reads a face where it lay in the last frame, before the detector has looked; its box goes along with
   * its points. Whether it is that face, or a face at all, somebody else has to say.
   * @returns nothing where it moved too far for its points to be read there
   */
  lead(frame: Frame, last: Face): Promise<PresentedFace | undefined>
}

/** A face that moved further has left the square that its points are read in. */
const LEAST_OVERLAP = 0.5

/** Joins the stages that need no past. */
export function createFacePresenter(parts: {
  readonly finder: Pick<FaceFinder, 'locate'>
  readonly encoder: Encoder
  readonly liveness: Pick<LivenessJudge, 'begin' | 'look'>
}): FacePresenter {
  const { finder, encoder, liveness } = parts

  async function locate(frame: Frame, detection: Detection) {
    const startMs = performance.now()
    const [face] = await finder.locate(frame.image, [detection])
    return { face, locatingMs: performance.now() - startMs }
  }

  function align(frame: Frame, face: Face) {
    const startMs = performance.now()
    const aligned = encoder.align(frame.image, face)
    return { aligned, aligningMs: performance.now() - startMs }
  }

  return {
    async present(frame, detection, encodes) {
      liveness.begin(frame, detection)
      const located = await locate(frame, detection)
      const { aligned, aligningMs } = align(frame, located.face)
      const encoding = encodes ? encodeTimed(encoder, aligned) : undefined
      // Told by who waits for it, unless a fault of another stage comes first.
      encoding?.catch(() => undefined)
      return { ...located, aligned, aligningMs, encoding }
    },
    async lead(frame, last) {
      const located = await locate(frame, last)
      const box = movedBox(last, located.face)
      if (box === undefined || !(intersectionOverUnion(box, last.box) >= LEAST_OVERLAP)) return
      const face = { ...located.face, box }
      const { aligned, aligningMs } = align(frame, face)
      const encoding = encodeTimed(encoder, aligned)
      encoding.catch(() => undefined)
      liveness.begin(frame, face)
      await liveness.look(frame, face)
      return { ...located, face, aligned, aligningMs, encoding }
    },
  }
}

/** Encodes and says how long that took. */
export async function encodeTimed(encoder: Encoder, aligned: Image): Promise<TimedEmbedding> {
  const startMs = performance.now()
  const embedding = await encoder.encode(aligned)
  return { embedding, tookMs: performance.now() - startMs }
}

function movedBox(last: Face, now: Face): Box | undefined {
  try {
    return moveBox(last.box, last, now)
  } catch (error) {
    if (error instanceof RangeError) return undefined
    throw error
  }
}
