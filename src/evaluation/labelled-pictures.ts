import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Face, FaceFinder } from '../detection/face.js'
import type { Embedding } from '../encoding/embedding.js'
import type { Encoder } from '../encoding/encoder.js'
import { decodeImage } from '../frame/decode.js'
import type { Image } from '../frame/image.js'

/** One picture of a labelled folder. */
export interface LabelledPicture {
  readonly person: string
  readonly path: string
}

/**
 * Lists a folder of labelled people: one folder a person, pictures inside, in a stable order.
 * @throws Error when the folder cannot be read or holds no picture
 */
export function listLabelledPictures(folder: string): LabelledPicture[] {
  const pictures: LabelledPicture[] = []
  for (const entry of readdirSync(folder, { withFileTypes: true }).sort(byName)) {
    if (!entry.isDirectory()) continue
    const inside = readdirSync(join(folder, entry.name), { withFileTypes: true }).sort(byName)
    for (const file of inside) {
      if (file.isFile() && /\.(jpe?g|png|webp)$/i.test(file.name)) {
        pictures.push({ person: entry.name, path: join(folder, entry.name, file.name) })
      }
    }
  }
  if (pictures.length === 0) {
    throw new Error(
      `${folder} holds no pictures; it needs one folder a person with pictures inside`,
    )
  }
  return pictures
}

function byName(a: { readonly name: string }, b: { readonly name: string }): number {
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0
}

/** The stages an evaluation runs pictures through. */
export interface EncodingStages {
  readonly finder: FaceFinder
  readonly encoder: Encoder
}

/** Embeddings by picture path; `undefined` where no face could be acquired. */
export interface EncodedPictures {
  readonly embeddings: ReadonlyMap<string, Embedding | undefined>
  /** Mean time of detection, landmarks, alignment and encoding, decoding left out. */
  readonly msPerFace: number
}

/**
 * Runs detector → landmarks → alignment → encoder over pictures. The face nearest the middle is
 * the labelled one, as in LFW; no quality gate, so that hard pictures count.
 * @param onProgress called after each picture with the number done
 */
export async function encodePictures(
  paths: readonly string[],
  { finder, encoder }: EncodingStages,
  onProgress: (done: number) => void,
): Promise<EncodedPictures> {
  const embeddings = new Map<string, Embedding | undefined>()
  let totalMs = 0
  let faceCount = 0
  for (const [i, path] of paths.entries()) {
    const image = await readPicture(path)
    let embedding: Embedding | undefined
    if (image !== undefined) {
      const startedMs = performance.now()
      const face = await findLabelledFace(image, finder)
      if (face !== undefined) {
        embedding = await encoder.encode(encoder.align(image, face))
        totalMs += performance.now() - startedMs
        faceCount++
      }
    }
    embeddings.set(path, embedding)
    onProgress(i + 1)
  }
  return { embeddings, msPerFace: faceCount === 0 ? Number.NaN : totalMs / faceCount }
}

/** A picture's pixels, or nothing where it cannot be decoded. */
export async function readPicture(path: string): Promise<Image | undefined> {
  const decoded = await decodeImage(readFileSync(path))
  return decoded.ok ? decoded.image : undefined
}

/** The face nearest the middle, which is the labelled one. */
export async function findLabelledFace(
  image: Image,
  finder: FaceFinder,
): Promise<Face | undefined> {
  const offCentre = ({ box }: Face) =>
    Math.hypot(box.x + (box.width - image.width) / 2, box.y + (box.height - image.height) / 2)
  return (await finder.find(image)).sort((a, b) => offCentre(a) - offCentre(b)).at(0)
}

/** Groups embeddings by person; pictures without a face are left out. */
export function groupByPerson(
  pictures: readonly LabelledPicture[],
  { embeddings }: EncodedPictures,
): Map<string, Embedding[]> {
  const byPerson = new Map<string, Embedding[]>()
  for (const { person, path } of pictures) {
    const embedding = embeddings.get(path)
    if (embedding === undefined) continue
    const known = byPerson.get(person)
    if (known === undefined) byPerson.set(person, [embedding])
    else known.push(embedding)
  }
  return byPerson
}
