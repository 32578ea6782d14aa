import { readClip } from '../../capture/clip-reader.js'
import type { Face, FaceFinder } from '../../detection/face.js'
import type { Encoder } from '../../encoding/encoder.js'
import type { Frame } from '../../frame/image.js'
import type { ChallengeFrame } from '../../liveness/challenge/challenge.js'
import { readFace } from '../../liveness/challenge/movements.js'
import { viewOrNothing, type FaceViewer } from '../../liveness/face-view.js'

/** A stretch of a real clip. */
export interface Stretch {
  readonly file: string
  readonly startS: number
  readonly durationS: number
  readonly framesPerSecond: number
}

const SIZE = { width: 640, height: 480, fit: 'cropped' } as const

/** Frames of a stretch, time beginning at 0. */
export async function* playStretch(stretch: Stretch): AsyncGenerator<Frame> {
  const { file, startS, durationS, framesPerSecond } = stretch
  for await (const frame of readClip(file, { startS, durationS, framesPerSecond, size: SIZE })) {
    yield { ...frame, monotonicMs: (frame.sequence * 1000) / framesPerSecond }
  }
}

/** A frame with the face that is seen in it, if there is one. */
export interface RecordedFrame {
  readonly frame: Frame
  readonly face: Face | undefined
}

/** A stretch with its faces, to be changed and shown. */
export async function readRecording(
  stretch: Stretch,
  finder: FaceFinder,
): Promise<RecordedFrame[]> {
  const recorded: RecordedFrame[] = []
  for await (const frame of playStretch(stretch)) {
    recorded.push({ frame, face: (await finder.find(frame.image)).at(0) })
  }
  return recorded
}

/** A stretch as a challenge sees it; frames without a readable face are left out. */
export async function readMovements(
  stretch: Stretch,
  stages: {
    readonly finder: FaceFinder
    readonly viewFace: FaceViewer
    readonly encoder: Encoder
  },
): Promise<ChallengeFrame[]> {
  const seen: ChallengeFrame[] = []
  for await (const { image, monotonicMs } of playStretch(stretch)) {
    const face = (await stages.finder.find(image)).at(0)
    const view = face && (await viewOrNothing(stages.viewFace, image, face.landmarks))
    const reading = view && readFace(view)
    if (face === undefined || reading === undefined) continue
    const { vector } = await stages.encoder.encode(stages.encoder.align(image, face))
    seen.push({ monotonicMs, reading, embedding: vector })
  }
  return seen
}
