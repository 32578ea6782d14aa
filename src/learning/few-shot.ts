/** One of several pictures for an enrolment. */
export interface EnrolmentPicture {
  /** Unit length. */
  readonly vector: Float32Array
  /** 0..1. */
  readonly quality: number
}

/** Which pictures of an enrolment become templates, by their number. */
export interface PictureSelection {
  /** In the order chosen: the most typical first. */
  readonly kept: readonly number[]
  /** Not of the same person as most of the others. */
  readonly outliers: readonly number[]
  /** Of the person, but no news beside those that are kept. */
  readonly spare: readonly number[]
}

export interface SelectOptions {
  /** Pictures farther apart than this are of two people; squared L2. */
  readonly farSq: number
  /** Most templates to make. */
  readonly keep: number
}

/** Most pictures of one enrolment. */
export const MAX_ENROLMENT_PICTURES = 10

/**
 * Chooses templates out of 1 to 10 pictures of one person. A picture that lies far from more than
 * half of the others is an outlier; of two that do not fit each other, neither can be trusted. Of the
 * rest the most typical is kept first, then always the one that is farthest from those kept, so that
 * few templates cover how the person looks.
 * @throws RangeError for no picture or too many
 */
export function selectPictures(
  pictures: readonly EnrolmentPicture[],
  { farSq, keep }: SelectOptions,
): PictureSelection {
  if (pictures.length === 0 || pictures.length > MAX_ENROLMENT_PICTURES) {
    throw new RangeError(`an enrolment takes 1 to ${MAX_ENROLMENT_PICTURES} pictures`)
  }
  const distances = pictures.map((one) =>
    pictures.map((other) => distanceSq(one.vector, other.vector)),
  )
  const all = pictures.map((_, i) => i)
  const outliers = all.filter((i) => {
    const far = all.filter((j) => j !== i && distances[i][j] > farSq).length
    return far > (pictures.length - 1) / 2
  })
  const rest = all.filter((i) => !outliers.includes(i))
  const kept: number[] = []
  const typical = (i: number) =>
    rest.reduce((sum, j) => sum + distances[i][j], 0) / rest.length - 0.1 * pictures[i].quality
  while (kept.length < Math.min(keep, rest.length)) {
    const open = rest.filter((i) => !kept.includes(i))
    const score = (i: number) =>
      kept.length === 0 ? typical(i) : -Math.min(...kept.map((j) => distances[i][j]))
    kept.push(open.reduce((best, i) => (score(i) < score(best) ? i : best)))
  }
  return { kept, outliers, spare: rest.filter((i) => !kept.includes(i)) }
}

/** The mean direction of vectors of one person. */
export function averageVector(vectors: readonly Float32Array[]): Float32Array {
  const sum = new Float32Array(vectors[0].length)
  for (const vector of vectors) for (let k = 0; k < sum.length; k++) sum[k] += vector[k]
  const length = Math.hypot(...sum)
  return sum.map((value) => value / length)
}

function distanceSq(a: Float32Array, b: Float32Array): number {
  let dot = 0
  for (let k = 0; k < a.length; k++) dot += a[k] * b[k]
  return 2 - 2 * dot
}
