import { EMBEDDING_LENGTH, type Embedding } from '../encoding/embedding.js'

/** A picture of a labelled person, or one made of it by a mask, glasses, other light. */
export interface LabelledEmbedding extends Embedding {
  /** Which of the person's pictures it was made of, by its place among them; absent for real ones. */
  readonly alteredFrom?: number
}

/** All pictures of labelled people, and which person each is of. */
export interface LabelledPictures {
  readonly personCount: number
  /** Person's number of each picture, ascending. */
  readonly personOf: Int32Array
  readonly vectors: readonly Float32Array[]
  /** Number of the picture that each was made of; its own where nothing was altered. */
  readonly sourceOf: Int32Array
}

/** Two pictures by number, with their squared L2 distance. */
export interface PicturePair {
  readonly a: number
  readonly b: number
  readonly distanceSq: number
}

/** Numbers persons and pictures in the order given. */
export function collectPictures(
  embeddingsByPerson: ReadonlyMap<string, readonly LabelledEmbedding[]>,
): LabelledPictures {
  const vectors: Float32Array[] = []
  const personOf: number[] = []
  const sourceOf: number[] = []
  let person = 0
  for (const embeddings of embeddingsByPerson.values()) {
    const first = vectors.length
    embeddings.forEach(({ vector, alteredFrom }, i) => {
      sourceOf.push(first + (alteredFrom ?? i))
      vectors.push(vector)
      personOf.push(person)
    })
    person++
  }
  return {
    personCount: person,
    personOf: Int32Array.from(personOf),
    vectors,
    sourceOf: Int32Array.from(sourceOf),
  }
}

/**
 * Whether two pictures are compared: an altered one stands for a face at the door, and is held against
 * real pictures as those that are enrolled, never against the one that it was made of.
 */
export function areCompared({ sourceOf }: LabelledPictures, a: number, b: number): boolean {
  return (sourceOf[a] === a || sourceOf[b] === b) && sourceOf[a] !== sourceOf[b]
}

/**
 * Calls `visit` with the squared L2 distance of every pair that is compared, later picture first.
 * Takes n²/2 comparisons: about 2 s for 5,000 pictures.
 */
export function forEachPair(
  pictures: LabelledPictures,
  visit: (later: number, earlier: number, distanceSq: number) => void,
): void {
  const { vectors } = pictures
  const flat = new Float64Array(vectors.length * EMBEDDING_LENGTH)
  vectors.forEach((vector, i) => flat.set(vector, i * EMBEDDING_LENGTH))
  for (let i = 0; i < vectors.length; i++) {
    const a = i * EMBEDDING_LENGTH
    for (let j = 0; j < i; j++) {
      if (!areCompared(pictures, i, j)) continue
      const b = j * EMBEDDING_LENGTH
      let sum = 0
      for (let k = 0; k < EMBEDDING_LENGTH; k++) {
        const difference = flat[a + k] - flat[b + k]
        sum += difference * difference
      }
      visit(i, j, Math.min(4, sum))
    }
  }
}
