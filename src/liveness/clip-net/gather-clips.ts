import { readClip } from '../../capture/clip-reader.js'
import type { FaceClip } from '../../evaluation/face-clips.js'
import { listLabelledPictures, readPicture } from '../../evaluation/labelled-pictures.js'
import type { Image } from '../../frame/image.js'
import { cachedClips } from './clip-cache.js'
import {
  CLIP_FRAMES_PER_SECOND,
  cutClips,
  renderStills,
  renderTrainingClips,
  spread,
} from './datasets.js'
import type { ClipStages, SourcedClip } from './datasets.js'
import type { PicturedFace } from './moving-face.js'

/** Where clips come from, and how many are made. */
export interface ClipSources {
  readonly stages: ClipStages
  /** Made clips are kept here; undefined keeps nothing. */
  readonly cacheFolder: string | undefined
  readonly seed: number
  /** Told what is being made. */
  readonly onProgress: (line: string) => void
}

const MAX_CLIPS_PER_VIDEO = 15
const MAX_SECONDS = 60
const STILLS_PER_VIDEO = 4

type NamedFace = PicturedFace & { readonly person: string }

async function facesOfFolder(
  folder: string,
  count: number,
  { finder }: ClipStages,
): Promise<NamedFace[]> {
  const faces: NamedFace[] = []
  const seen = new Set<string>()
  for (const { person, path } of listLabelledPictures(folder)) {
    if (faces.length >= count) break
    if (seen.has(person)) continue
    seen.add(person)
    const picture = await readPicture(path)
    if (picture === undefined) continue
    const found = await finder.find(picture)
    if (found.length > 0) {
      faces.push({ person: `photo ${faces.length}`, picture, landmarks: found[0].landmarks })
    }
  }
  return faces
}

/** Heads and sheets rendered of the photographs of `count` people, one of each a person. */
export function gatherRendered(
  folder: string,
  count: number,
  { stages, cacheFolder, seed, onProgress }: ClipSources,
): Promise<SourcedClip[]> {
  return cachedClips(cacheFolder, `rendered-${count}-${seed}`, async () => {
    onProgress(`rendering heads and sheets of ${count} people`)
    const faces = await facesOfFolder(folder, count, stages)
    let done = 0
    return renderTrainingClips(faces, ['head', 'sheet'], seed, stages.viewFace, () => {
      if (++done % 50 === 0) onProgress(`${done} of ${faces.length} people`)
    })
  })
}

async function someFrames(clip: FaceClip, count: number): Promise<Image[]> {
  const frames: Image[] = []
  const reading = readClip(clip.path, { framesPerSecond: 1, durationS: MAX_SECONDS })
  for await (const { image } of reading) frames.push(image)
  return spread(frames, count)
}

/** The face clips of one real clip, at most {@link MAX_CLIPS_PER_VIDEO}, spread over it. */
function realClips(clip: FaceClip, { stages, cacheFolder }: ClipSources): Promise<SourcedClip[]> {
  return cachedClips(cacheFolder, `real-${clip.name}`, async () => {
    const frames = readClip(clip.path, {
      framesPerSecond: CLIP_FRAMES_PER_SECOND,
      durationS: MAX_SECONDS,
    })
    const { person, name, kind } = clip
    const cut = spread(await cutClips(frames, stages), MAX_CLIPS_PER_VIDEO)
    return cut.map((made) => ({ person, source: name, kind, clip: made }))
  })
}

/** Frames of a live clip as photographs: moved as sheets, for training only. */
function sheetsOf(
  clip: FaceClip,
  { stages, cacheFolder, seed }: ClipSources,
): Promise<SourcedClip[]> {
  return cachedClips(cacheFolder, `sheets-${clip.name}-${seed}`, async () => {
    const faces: NamedFace[] = []
    for (const picture of await someFrames(clip, STILLS_PER_VIDEO)) {
      const found = await stages.finder.find(picture)
      if (found.length === 0) continue
      faces.push({ person: clip.person, picture, landmarks: found[0].landmarks })
    }
    return renderTrainingClips(faces, ['sheet', 'sheet'], seed + 5000, stages.viewFace)
  })
}

/** A frame of a live clip shown as every species of the still simulator, for scoring only. */
function stillsOf(
  clip: FaceClip,
  { stages, cacheFolder, seed }: ClipSources,
): Promise<SourcedClip[]> {
  return cachedClips(cacheFolder, `stills-${clip.name}-${seed}`, async () => {
    const [picture] = await someFrames(clip, 1)
    return renderStills(picture, clip.person, seed + 9000, stages)
  })
}

/** All that real clips give: themselves, and their frames as moved photographs. */
export async function gatherReal(
  clips: readonly FaceClip[],
  sources: ClipSources,
): Promise<SourcedClip[]> {
  const made: SourcedClip[] = []
  for (const clip of clips) {
    sources.onProgress(`cutting ${clip.name}`)
    made.push(...(await realClips(clip, sources)))
    if (clip.kind === 'screen') continue
    made.push(...(await sheetsOf(clip, sources)), ...(await stillsOf(clip, sources)))
  }
  return made
}

/** Photographs of `count` people as every species of the still simulator, for scoring only. */
export function gatherStills(
  folder: string,
  count: number,
  { stages, cacheFolder, seed, onProgress }: ClipSources,
): Promise<SourcedClip[]> {
  return cachedClips(cacheFolder, `stills-${count}-${seed}`, async () => {
    onProgress(`showing photographs of ${count} people as stills`)
    const made: SourcedClip[] = []
    for (const [i, face] of (await facesOfFolder(folder, count, stages)).entries()) {
      made.push(...(await renderStills(face.picture, face.person, seed + 20 * i, stages)))
    }
    return made
  })
}
