import { toUnitLength } from '../encoding/embedding.js'
import { fitDiscriminant, fitPrincipal } from '../learning/discriminant.js'
import { applyHead, composeHeads, type LinearHead } from '../learning/linear-head.js'
import type { TensorFlow } from '../learning/tensorflow.js'
import { trainTripletHead } from '../learning/triplet.js'
import { createSeededRandom, shuffle } from './statistics/random.js'
import { equalErrorRate, fnmrAtFmr, sortScores } from './statistics/error-rates.js'

/** What the nets make of one picture, before any projection. */
export interface FaceFeatures {
  readonly person: string
  readonly path: string
  /** The encoder's raw output, for the face and for its mirror image. */
  readonly raw: Float32Array
  readonly mirrored: Float32Array
  /** The second encoder's unit-length output, where there is one. */
  readonly second: Float32Array | undefined
}

/** One way from features to an embedding, fitted. */
export interface FittedVariant {
  /** Folds into the encoder's last layer; absent where that cannot be. */
  readonly head: LinearHead | undefined
  readonly embed: (face: FaceFeatures) => Float32Array
}

/** One way from features to an embedding, to be fitted on some people and judged on others. */
export interface ProjectionVariant {
  readonly name: string
  readonly method: string
  readonly fit: (faces: readonly FaceFeatures[]) => FittedVariant
}

const LENGTH = 128
/** Raw outputs lie in fewer dimensions than they have; fitting in these is quicker and no worse. */
const REDUCED = 200
/** Weight of the second encoder beside the first, both of unit length. */
const SECOND_WEIGHT = 0.7
const TRIPLET = {
  choice: 'semi-hard',
  margin: 0.3,
  epochs: 20,
  learningRate: 0.002,
  anchoring: 0.01,
  seed: 1,
} as const
const BATCH = { personsPerBatch: 128, picturesPerPerson: 4 }

function labelled(faces: readonly FaceFeatures[], vectorOf: (face: FaceFeatures) => Float32Array) {
  return { vectors: faces.map(vectorOf), persons: faces.map(({ person }) => person) }
}

function headVariant(head: LinearHead): FittedVariant {
  return { head, embed: ({ raw }) => toUnitLength(applyHead(head, raw)) }
}

function mirrorAveraged({ embed }: FittedVariant): FittedVariant {
  return {
    head: undefined,
    embed(face) {
      const mirror = embed({ ...face, raw: face.mirrored })
      return toUnitLength(embed(face).map((value, i) => value + mirror[i]))
    },
  }
}

/** First 200 principal components of the raw output, remembered for the variants that share them. */
function createReduction() {
  const known = new Map<readonly FaceFeatures[], LinearHead>()
  return (faces: readonly FaceFeatures[]): LinearHead => {
    const head =
      known.get(faces) ??
      fitPrincipal(
        labelled(faces, ({ raw }) => raw),
        REDUCED,
      )
    known.set(faces, head)
    return head
  }
}

function firstOutputs(head: LinearHead, outputs: number): LinearHead {
  const { inputs, weights, bias } = head
  return {
    inputs,
    outputs,
    weights: weights.slice(0, outputs * inputs),
    bias: bias.slice(0, outputs),
  }
}

function fitSideBySide(faces: readonly FaceFeatures[], length: number, shrinkage: number) {
  const joined = ({ raw, second = new Float32Array(0) }: FaceFeatures) =>
    Float32Array.from([...toUnitLength(raw), ...second.map((value) => SECOND_WEIGHT * value)])
  const head = fitDiscriminant(labelled(faces, joined), { length, shrinkage })
  return {
    head: undefined,
    embed: (face: FaceFeatures) => toUnitLength(applyHead(head, joined(face))),
  }
}

/**
 * The candidates for a 128-d embedding: the raw output as a yardstick, principal components, linear
 * discriminants of several strengths, the triplet loss, both encoders together, and the best of them
 * with the mirrored face.
 * @param hasSecond whether the faces hold a second encoder's output
 * @param tf trains the triplet loss
 */
export function projectionVariants(hasSecond: boolean, tf: TensorFlow): ProjectionVariant[] {
  const reduce = createReduction()
  const discriminant = (shrinkage: number): ProjectionVariant => ({
    name: `LDA, shrinkage ${shrinkage}`,
    method: `LDA, shrinkage ${shrinkage}`,
    fit(faces) {
      const first = reduce(faces)
      const data = labelled(faces, ({ raw }) => applyHead(first, raw))
      return headVariant(composeHeads(first, fitDiscriminant(data, { length: LENGTH, shrinkage })))
    },
  })
  const principal: ProjectionVariant = {
    name: 'PCA',
    method: 'PCA',
    fit: (faces) => headVariant(firstOutputs(reduce(faces), LENGTH)),
  }
  const triplet: ProjectionVariant = {
    name: 'triplet loss from PCA',
    method: `triplet loss from PCA, margin ${TRIPLET.margin}, ${TRIPLET.epochs} epochs`,
    fit(faces) {
      const first = reduce(faces)
      const through = (vector: Float32Array) => applyHead(first, vector)
      const straight = labelled(faces, ({ raw }) => through(raw))
      const mirrored = labelled(faces, (face) => through(face.mirrored))
      const start: LinearHead = {
        inputs: REDUCED,
        outputs: LENGTH,
        weights: Float64Array.from({ length: LENGTH * REDUCED }, (_, at) =>
          Math.floor(at / REDUCED) === at % REDUCED ? 1 : 0,
        ),
        bias: new Float64Array(LENGTH),
      }
      const data = {
        vectors: [...straight.vectors, ...mirrored.vectors],
        persons: [...straight.persons, ...mirrored.persons],
      }
      const { head } = trainTripletHead(tf, start, data, { ...TRIPLET, ...BATCH })
      return headVariant(composeHeads(first, head))
    },
  }
  const raw: ProjectionVariant = {
    name: 'raw output, not 128-d',
    method: 'none',
    fit: () => ({ head: undefined, embed: (face) => toUnitLength(face.raw) }),
  }
  const withMirror = ({ name, method, fit }: ProjectionVariant): ProjectionVariant => ({
    name: `${name}, + mirrored face`,
    method,
    fit: (faces) => mirrorAveraged(fit(faces)),
  })
  const both: ProjectionVariant[] = [1, 0.5].map((shrinkage) => ({
    name: `both encoders, ${shrinkage === 1 ? 'PCA' : `LDA ${shrinkage}`}`,
    method: `both encoders, LDA, shrinkage ${shrinkage}`,
    fit: (faces) => fitSideBySide(faces, LENGTH, shrinkage),
  }))
  return [
    raw,
    principal,
    ...[0.9, 0.8, 0.5, 0.2].map(discriminant),
    triplet,
    ...(hasSecond ? both : []),
    withMirror(principal),
  ]
}

/** Half of the people (and all their pictures) to fit on, and the other half to choose by. */
export function splitPeople(
  faces: readonly FaceFeatures[],
  seed: number,
): { readonly fit: FaceFeatures[]; readonly select: FaceFeatures[] } {
  const people = shuffle([...new Set(faces.map(({ person }) => person))], createSeededRandom(seed))
  const chosen = new Set(people.slice(0, Math.ceil(people.length / 2)))
  return {
    fit: faces.filter(({ person }) => chosen.has(person)),
    select: faces.filter(({ person }) => !chosen.has(person)),
  }
}

/** How a variant does over all pairs of some people's pictures. */
export interface VariantRates {
  readonly genuinePairs: number
  readonly impostorPairs: number
  readonly eer: number
  readonly fnmrAt1e3: number
  readonly fnmrAt1e4: number
  readonly fnmrAt1e5: number
}

/** One person counts with so many pictures at most: the famous few would outvote the rest. */
const MAX_PICTURES = 10

/** Compares every picture with every other. */
export function rateVariant(
  { embed }: FittedVariant,
  faces: readonly FaceFeatures[],
): VariantRates {
  const counts = new Map<string, number>()
  const kept = faces.filter(({ person }) => {
    const count = (counts.get(person) ?? 0) + 1
    counts.set(person, count)
    return count <= MAX_PICTURES
  })
  const vectors = kept.map(embed)
  const genuine: number[] = []
  const impostor: number[] = []
  for (let a = 0; a < kept.length; a++) {
    for (let b = 0; b < a; b++) {
      let cosine = 0
      for (let i = 0; i < vectors[a].length; i++) cosine += vectors[a][i] * vectors[b][i]
      const same = kept[a].person === kept[b].person
      ;(same ? genuine : impostor).push(2 - 2 * cosine)
    }
  }
  const scores = sortScores(genuine, impostor)
  return {
    genuinePairs: genuine.length,
    impostorPairs: impostor.length,
    eer: equalErrorRate(scores).eer,
    fnmrAt1e3: fnmrAtFmr(scores, 1e-3).fnmr,
    fnmrAt1e4: fnmrAtFmr(scores, 1e-4).fnmr,
    fnmrAt1e5: fnmrAtFmr(scores, 1e-5).fnmr,
  }
}
