import type { Landmarks } from '../../detection/face.js'
import { viewOrNothing } from '../face-view.js'
import type { FaceViewer } from '../face-view.js'
import { createRandom } from '../random.js'
import { drawCameraMarks, photograph } from './camera-marks.js'
import { CLIP_FRAMES, CLIP_MS, makeFaceClip } from './face-clip.js'
import type { ViewMoment } from './face-clip.js'
import { createFaceMover, headMotionOf, sheetMotion } from './moving-face.js'
import type { PicturedFace } from './moving-face.js'

/**
 * One clip made of a photograph, seen through the same landmarks and registration as a real one.
 * @param kind `head`: depth, turning, lids and lips; `sheet`: the photograph moved, tilted, bent
 * @returns undefined where the face was lost
 */
export async function synthesiseClip(
  face: PicturedFace,
  kind: 'head' | 'sheet',
  seed: number,
  viewFace: FaceViewer,
): Promise<Float32Array | undefined> {
  const random = createRandom(seed)
  const motion = kind === 'head' ? headMotionOf(random, CLIP_MS / 1000) : sheetMotion(random)
  const draw = createFaceMover(face, motion)
  const marks = drawCameraMarks(random)
  const moments: ViewMoment[] = []
  let landmarks: Landmarks = face.landmarks
  for (let i = 0; i < CLIP_FRAMES; i++) {
    const seconds = (i * CLIP_MS) / CLIP_FRAMES / 1000
    const image = await photograph(draw(seconds), marks, seconds, random)
    const view = await viewOrNothing(viewFace, image, landmarks)
    if (view === undefined) return undefined
    landmarks = view.landmarks
    moments.push({ monotonicMs: seconds * 1000, gray: view.gray })
  }
  return makeFaceClip(moments)
}
