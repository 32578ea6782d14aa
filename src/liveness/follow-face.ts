import type { FaceFinder } from '../detection/face.js'
import { createFaceTracker } from '../detection/track.js'
import type { Frame } from '../frame/image.js'
import { viewOrNothing } from './face-view.js'
import type { FaceView, FaceViewer } from './face-view.js'

/** One frame of a clip with the view of the attended face, if there is one. */
export interface FollowedFrame {
  readonly frame: Frame
  readonly view: FaceView | undefined
  /** Another number means another track. */
  readonly trackId: number | undefined
}

/** As the line's: boxes that overlap less, or a longer gap, begin another track. */
const TRACKER_OPTIONS = { minIou: 0.3, maxGapMs: 600 }

/** Detection, tracking and view over a clip, for evaluations. */
export async function* followFace(
  frames: AsyncIterable<Frame> | Iterable<Frame>,
  stages: { readonly finder: FaceFinder; readonly viewFace: FaceViewer },
): AsyncGenerator<FollowedFrame> {
  const tracker = createFaceTracker(TRACKER_OPTIONS)
  for await (const frame of frames) {
    const { tracked } = tracker.update(frame, await stages.finder.find(frame.image))
    const landmarks = tracked?.face.landmarks
    const view = landmarks && (await viewOrNothing(stages.viewFace, frame.image, landmarks))
    yield { frame, view, trackId: tracked?.trackId }
  }
}
