import type { Embedding } from '../encoding/embedding.js'
import type { Encoder } from '../encoding/encoder.js'
import type { FaceFinder } from '../detection/face.js'
import {
  findLabelledFace,
  listLabelledPictures,
  readPicture,
} from '../evaluation/labelled-pictures.js'
import { createSeededRandom, shuffle } from '../evaluation/statistics/random.js'
import { decodeImage } from '../frame/decode.js'
import type { Image } from '../frame/image.js'
import type { Store } from '../store/store.js'
import { alterFace, type Alteration, type FivePoints } from './alterations.js'
import type { LearningPerson, LearningPicture } from './people.js'

export interface GatherOptions {
  /** The frozen encoder, without a learnt head. */
  readonly encoder: Encoder
  /** Where its template puts the five points. */
  readonly template: FivePoints
  /** Kinds of altered pictures; two of them, drawn anew, are made beside every picture. */
  readonly alterations: readonly Alteration[]
  readonly seed: number
  readonly onProgress?: (done: number, total: number) => void
}

/** Faces of labelled people, aligned and encoded; pictures without a face are left out. */
export async function gatherFolder(
  folder: string,
  finder: FaceFinder,
  options: GatherOptions,
): Promise<LearningPerson[]> {
  const listed = listLabelledPictures(folder)
  const people = createPeople()
  for (const [done, { person, path }] of listed.entries()) {
    const image = await readPicture(path)
    const face = image && (await findLabelledFace(image, finder))
    if (image !== undefined && face !== undefined) {
      const aligned = options.encoder.align(image, face)
      const { vector } = await options.encoder.encode(aligned)
      people.add(person, await withAltered(path, vector, () => aligned, options, done))
    }
    options.onProgress?.(done + 1, listed.length)
  }
  return people.list()
}

/** What of a store's templates can be learnt from. */
export interface GatheredEnrolments {
  readonly people: readonly LearningPerson[]
  /** Templates of another encoder, which teach this one nothing. */
  readonly leftOut: number
}

/**
 * The enrolled persons with their stored embeddings. Pictures are decrypted one at a time, only where
 * alterations are wanted, and never written anywhere.
 */
export async function gatherEnrolments(
  store: Pick<Store, 'persons' | 'templates'>,
  options: GatherOptions,
): Promise<GatheredEnrolments> {
  const people = createPeople()
  const persons = store.persons.list()
  let leftOut = 0
  for (const [done, { id: person }] of persons.entries()) {
    for (const { id, embedding, cropPng } of store.templates.byPerson(person)) {
      if (embedding.modelId !== options.encoder.modelId) {
        leftOut++
        continue
      }
      const crop = async () => {
        const decoded = await decodeImage(cropPng)
        if (!decoded.ok) throw new Error(`the picture of template ${id} is broken`)
        return decoded.image
      }
      people.add(person, await withAltered(id, embedding.vector, crop, options, done))
    }
    options.onProgress?.(done + 1, persons.length)
  }
  return { people: people.list(), leftOut }
}

const ALTERED_PER_PICTURE = 2

async function withAltered(
  id: string,
  vector: Embedding['vector'],
  aligned: () => Image | Promise<Image>,
  { encoder, template, alterations, seed }: GatherOptions,
  at: number,
): Promise<LearningPicture> {
  if (alterations.length === 0) return { id, vector, altered: [] }
  const face = await aligned()
  const random = createSeededRandom(seed * 1_000_003 + at)
  const altered: Float32Array[] = []
  const drawn = shuffle([...alterations], random).slice(0, ALTERED_PER_PICTURE)
  for (const alteration of drawn) {
    const changed = await alterFace(face, alteration, template, random)
    altered.push((await encoder.encode(changed)).vector)
  }
  return { id, vector, altered }
}

function createPeople() {
  const pictures = new Map<string, LearningPicture[]>()
  return {
    add(person: string, picture: LearningPicture) {
      const known = pictures.get(person)
      if (known === undefined) pictures.set(person, [picture])
      else known.push(picture)
    },
    list: (): LearningPerson[] => [...pictures].map(([id, list]) => ({ id, pictures: list })),
  }
}
