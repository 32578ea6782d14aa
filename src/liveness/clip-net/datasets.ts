import type { FaceFinder } from '../../detection/face.js'
import type { Frame } from '../../frame/image.js'
import { followFace } from '../follow-face.js'
import type { FaceViewer } from '../face-view.js'
import { renderStillClip, STILL_SPECIES } from '../still-simulator.js'
import type { Image } from '../../frame/image.js'
import { CLIP_FRAMES, CLIP_MS, makeFaceClip } from './face-clip.js'
import type { ViewMoment } from './face-clip.js'
import type { PicturedFace } from './moving-face.js'
import { synthesiseClip } from './synthesise.js'

/** Real clips are read at this rate, so that every frame is one of the net's. */
export const CLIP_FRAMES_PER_SECOND = (1000 * CLIP_FRAMES) / CLIP_MS

/** A face clip with where it comes from. */
export interface SourcedClip {
  /** `lfw` people by number, else the person of the real clip. */
  readonly person: string
  /** Name of the clip or the rendering. */
  readonly source: string
  /**
   * `live` and `screen` are real. `head` and `sheet` are rendered of a photograph for training;
   * `still` is rendered by the still simulator, which training never sees.
   */
  readonly kind: 'live' | 'screen' | 'head' | 'sheet' | 'still'
  readonly clip: Float32Array
}

export interface ClipStages {
  readonly finder: FaceFinder
  readonly viewFace: FaceViewer
}

/** Values spread evenly over a list, at most `count`. */
export function spread<T>(values: readonly T[], count: number): T[] {
  if (values.length <= count) return [...values]
  return Array.from({ length: count }, (_, i) => values[Math.floor((i * values.length) / count)])
}

/**
 * Cuts frames into face clips, one after the other.
 * @param frames at {@link CLIP_FRAMES_PER_SECOND}
 */
export async function cutClips(
  frames: AsyncIterable<Frame> | Iterable<Frame>,
  stages: ClipStages,
): Promise<Float32Array[]> {
  const clips: Float32Array[] = []
  let moments: ViewMoment[] = []
  let trackId: number | undefined
  for await (const { frame, view, trackId: now } of followFace(frames, stages)) {
    if (view === undefined || now !== trackId) moments = []
    trackId = now
    if (view === undefined) continue
    moments.push({ monotonicMs: frame.monotonicMs, gray: view.gray })
    if (moments.length < CLIP_FRAMES) continue
    const clip = makeFaceClip(moments)
    if (clip !== undefined) clips.push(clip)
    moments = []
  }
  return clips
}

/**
 * Renders photographs as moving heads and as moving sheets in turn, each photograph as both.
 * @param onClip told after each photograph
 */
export async function renderTrainingClips(
  faces: readonly (PicturedFace & { readonly person: string })[],
  kinds: readonly ('head' | 'sheet')[],
  seed: number,
  viewFace: FaceViewer,
  onClip: () => void = () => undefined,
): Promise<SourcedClip[]> {
  const made: SourcedClip[] = []
  for (const [i, face] of faces.entries()) {
    for (const [k, kind] of kinds.entries()) {
      const clip = await synthesiseClip(face, kind, seed + i * kinds.length + k, viewFace)
      if (clip === undefined) continue
      made.push({ person: face.person, source: `${kind} ${i}`, kind, clip })
    }
    onClip()
  }
  return made
}

const STILL_SIZE = { width: 320, height: 240 }

/** Shows a photograph as every species of the still simulator and cuts one clip of each. */
export async function renderStills(
  picture: Image,
  person: string,
  seed: number,
  stages: ClipStages,
): Promise<SourcedClip[]> {
  const made: SourcedClip[] = []
  for (const [i, species] of STILL_SPECIES.entries()) {
    if (species === 'frozen') continue
    const frames = renderStillClip(picture, {
      species,
      seed: seed + i,
      framesPerSecond: CLIP_FRAMES_PER_SECOND,
      seconds: CLIP_MS / 1000,
      ...STILL_SIZE,
    })
    const asFrames = function* (): Generator<Frame> {
      let sequence = 0
      for (const { image, monotonicMs } of frames) {
        yield { image, monotonicMs, sequence: sequence++, capturedAtMs: 0 }
      }
    }
    const clip = (await cutClips(asFrames(), stages)).at(0)
    if (clip === undefined) continue
    made.push({ person, source: `${person} ${species}`, kind: 'still', clip })
  }
  return made
}
