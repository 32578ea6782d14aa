import { drawPersonWeights, quantileOfSorted } from '../evaluation/statistics/bootstrap.js'
import { countUpTo } from '../evaluation/statistics/error-rates.js'
import { createSeededRandom } from '../evaluation/statistics/random.js'
import {
  calibrationSchema,
  CalibrationRefusedError,
  type Calibration,
  type ModelIdentity,
} from './calibration.js'
import {
  describeEmbeddingFault,
  EmbeddingRefusedError,
  findEmbeddingFault,
} from './embedding-fault.js'
import { binGenuine, binImpostors, countDrawnPairs, ratesFor, toCurve } from './binned-pairs.js'
import { genuineDensity } from './genuine-density.js'
import { fitImpostorTail, type ImpostorTail, type TailPairs } from './impostor-tail.js'
import {
  collectPictures,
  forEachPair,
  type LabelledEmbedding,
  type LabelledPictures,
  type PicturePair,
} from './labelled-distances.js'

/** How a calibration is made. */
export interface CalibrateOptions {
  /** What the pictures are, for the file. */
  readonly description: string
  /** Default 1. */
  readonly seed?: number
  /** Refits on resampled persons; default 200. */
  readonly resamples?: number
  /** Two-sided confidence of every interval; default 0.95. */
  readonly confidence?: number
  /** Share of the different-person pairs that makes the tail; default 0.001. */
  readonly tailShare?: number
  /** What altered pictures show, for the file. */
  readonly alterations?: readonly string[]
  readonly onProgress?: (done: number, total: number) => void
}

/** Two pictures labelled as different people that look like one: a wrong label, or a double. */
export interface SuspectPair {
  readonly personA: string
  readonly personB: string
  /** Which picture of the person, in the order given. */
  readonly pictureA: number
  readonly pictureB: number
  readonly distanceSq: number
  /** Probability of a wrong label under the fitted mixture. */
  readonly probability: number
}

export interface CalibrationResult {
  readonly calibration: Calibration
  /** For the eyes of who runs it; not in the file. Nearest first. */
  readonly suspects: readonly SuspectPair[]
}

const MIN_PERSONS = 50
const MIN_GENUINE_PAIRS = 50
const MIN_TAIL_PAIRS = 100
const GAP_SHARES = [0, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1]

interface Comparisons {
  readonly pictures: LabelledPictures
  readonly genuine: readonly PicturePair[]
  /** Ascending distances of all pairs of different persons. */
  readonly impostor: Float32Array
  /** Those that may reach the tail, ascending. */
  readonly nearImpostor: readonly PicturePair[]
  readonly ownNearest: Float64Array
  readonly otherNearest: Float64Array
}

function checkEmbeddings(
  embeddingsByPerson: ReadonlyMap<string, readonly LabelledEmbedding[]>,
  model: ModelIdentity,
): void {
  for (const embedding of [...embeddingsByPerson.values()].flat()) {
    const fault = findEmbeddingFault(embedding, model.id)
    if (fault) throw new EmbeddingRefusedError(fault, describeEmbeddingFault(fault, embedding))
  }
}

function compareAll(pictures: LabelledPictures, tailShare: number): Comparisons {
  const { personOf } = pictures
  const pictureCount = personOf.length
  const genuine: PicturePair[] = []
  const ownNearest = new Float64Array(pictureCount).fill(Infinity)
  const otherNearest = new Float64Array(pictureCount).fill(Infinity)
  const impostor = new Float32Array((pictureCount * (pictureCount - 1)) / 2)
  let impostors = 0
  forEachPair(pictures, (a, b, distanceSq) => {
    const isSame = personOf[a] === personOf[b]
    if (isSame) genuine.push({ a, b, distanceSq })
    else impostor[impostors++] = distanceSq
    const nearest = isSame ? ownNearest : otherNearest
    nearest[a] = Math.min(nearest[a], distanceSq)
    nearest[b] = Math.min(nearest[b], distanceSq)
  })
  const sorted = impostor.slice(0, impostors).sort()
  const limit =
    impostors === 0 ? 0 : sorted[Math.min(impostors - 1, Math.ceil(tailShare * impostors))]
  const nearImpostor: PicturePair[] = []
  forEachPair(pictures, (a, b, distanceSq) => {
    if (Math.fround(distanceSq) < limit && personOf[a] !== personOf[b]) {
      nearImpostor.push({ a, b, distanceSq })
    }
  })
  nearImpostor.sort((x, y) => x.distanceSq - y.distanceSq)
  return { pictures, genuine, impostor: sorted, nearImpostor, ownNearest, otherNearest }
}

function checkCounts({ pictures, genuine, nearImpostor }: Comparisons): void {
  const { personCount } = pictures
  if (
    personCount < MIN_PERSONS ||
    genuine.length < MIN_GENUINE_PAIRS ||
    nearImpostor.length < MIN_TAIL_PAIRS
  ) {
    throw new CalibrationRefusedError(
      `a calibration needs at least ${MIN_PERSONS} persons, ${MIN_GENUINE_PAIRS} pairs of one ` +
        `person and ${MIN_TAIL_PAIRS} pairs in the tail, got ${personCount}, ${genuine.length} ` +
        `and ${nearImpostor.length}; add people with several pictures each`,
    )
  }
}

/**
 * Makes a calibration from labelled people: how often two persons come nearer than a distance
 * (measured, and fitted beyond what can be measured) and how often one person stays farther.
 *
 * All pairs are compared, altered pictures with real ones only. Intervals come from resampling whole persons, since the pairs of one
 * person hang together. Label noise is modelled and reported, see `fitImpostorTail`.
 *
 * @param embeddingsByPerson all of one model; a person with one picture serves as an impostor only
 * @throws EmbeddingRefusedError for an unfit embedding
 * @throws CalibrationRefusedError for too few people or pictures
 */
export function calibrate(
  embeddingsByPerson: ReadonlyMap<string, readonly LabelledEmbedding[]>,
  model: ModelIdentity,
  options: CalibrateOptions,
): CalibrationResult {
  const { seed = 1, resamples = 200, confidence = 0.95, tailShare = 0.001 } = options
  checkEmbeddings(embeddingsByPerson, model)
  const comparisons = compareAll(collectPictures(embeddingsByPerson), tailShare)
  checkCounts(comparisons)
  const { pictures, genuine, impostor, nearImpostor } = comparisons
  const { personOf, personCount } = pictures

  const genuineSorted = Float64Array.from(genuine, ({ distanceSq }) => distanceSq).sort()
  const tailStartSq = nearImpostor[nearImpostor.length - 1].distanceSq * (1 + 1e-9)
  const density = genuineDensity(genuineSorted, tailStartSq)
  const tailPairs: TailPairs = {
    startSq: tailStartSq,
    distancesSq: Float64Array.from(nearImpostor, ({ distanceSq }) => distanceSq),
    genuineDensities: Float64Array.from(nearImpostor, ({ distanceSq }) => density(distanceSq)),
    genuineShare: countUpTo(genuineSorted, tailStartSq) / genuine.length,
  }
  const fitted = fitImpostorTail(tailPairs, impostor.length)
  const fmr = binImpostors(pictures, impostor)
  const fnmr = binGenuine(pictures, genuine)

  const random = createSeededRandom(seed)
  const tailReplicates: ImpostorTail[] = []
  const fmrReplicates: Float64Array[] = []
  const matchReplicates: Float64Array[] = []
  for (let i = 0; i < resamples; i++) {
    const weights = drawPersonWeights(personCount, random)
    const pairWeights = Float64Array.from(
      nearImpostor,
      ({ a, b }) => weights[personOf[a]] * weights[personOf[b]],
    )
    const drawn = countDrawnPairs(pictures, weights)
    tailReplicates.push(fitImpostorTail(tailPairs, drawn, pairWeights).tail)
    fmrReplicates.push(ratesFor(fmr, weights))
    matchReplicates.push(ratesFor(fnmr, weights))
    options.onProgress?.(i + 1, resamples)
  }
  const everyone = new Uint8Array(personCount).fill(1)
  const fmrRates = ratesFor(fmr, everyone)
  const suspects = nearImpostor.filter((_, i) => fitted.mislabelled[i] > 0.5)

  const calibration = calibrationSchema.parse({
    format: 'genkan-calibration/1',
    model: { id: model.id, sha256: model.sha256 },
    data: {
      description: options.description,
      persons: personCount,
      personsWithSeveralPictures: new Set(genuine.map(({ a }) => personOf[a])).size,
      pictures: personOf.length,
      genuinePairs: genuine.length,
      impostorPairs: impostor.length,
    },
    fmr: {
      curve: toCurve(fmr.thresholds, fmrRates, fmrReplicates, confidence),
      tailStartSq,
      tailPairs: nearImpostor.length,
      tail: fitted.tail,
      tailReplicates,
      suspectPairs: suspects.length,
      effectivePairs: effectivePairs(fmrRates, fmrReplicates, impostor.length),
    },
    fnmr: {
      curve: toCurve(fnmr.thresholds, ratesFor(fnmr, everyone), matchReplicates, confidence),
    },
    gaps: measureGaps(comparisons, tailStartSq),
    method: {
      seed,
      resamples,
      confidence,
      tailShare,
      notes: [
        'every pair of pictures compared; intervals by resampling persons',
        'tail: generalised Pareto by maximum likelihood, mixed with mislabelled pairs that are ' +
          'distributed as same-person distances; no pair removed',
        ...describeAltered(pictures, options.alterations),
      ],
    },
  } satisfies Calibration)
  return { calibration, suspects: describeSuspects(suspects, fitted.mislabelled) }

  function describeSuspects(
    pairs: readonly PicturePair[],
    mislabelled: Float64Array,
  ): SuspectPair[] {
    const names = [...embeddingsByPerson.keys()]
    const first = (picture: number): number => personOf.indexOf(personOf[picture])
    return pairs.map(({ a, b, distanceSq }, i) => ({
      personA: names[personOf[a]],
      personB: names[personOf[b]],
      pictureA: a - first(a),
      pictureB: b - first(b),
      distanceSq,
      probability: mislabelled[i],
    }))
  }
}

function describeAltered({ sourceOf }: LabelledPictures, alterations: readonly string[] = []) {
  const count = sourceOf.reduce((sum, source, i) => sum + (source === i ? 0 : 1), 0)
  if (count === 0) return []
  return [
    `${count} of the pictures are altered ones (${alterations.join(', ')}), ` +
      'compared with real pictures other than their own only',
  ]
}

/**
 * p(1 − p) / variance at the rarest level that at least 50 pairs reach: what the pairs are worth
 * where it matters, never more than their number.
 */
function effectivePairs(
  rates: Float64Array,
  replicates: readonly Float64Array[],
  pairs: number,
): number {
  const level = Math.max(
    0,
    rates.findIndex((rate) => rate * pairs >= 50),
  )
  const rate = rates[level]
  const variance =
    replicates.reduce((sum, replicate) => sum + (replicate[level] - rate) ** 2, 0) /
    replicates.length
  return Math.min(pairs, variance > 0 ? (rate * (1 - rate)) / variance : pairs)
}

/** How far behind the right person the next one is, over searches that found the right one. */
function measureGaps(
  { pictures, ownNearest, otherNearest }: Comparisons,
  limitSq: number,
): Calibration['gaps'] {
  const gaps: number[] = []
  ownNearest.forEach((own, i) => {
    if (own <= limitSq && own < otherNearest[i]) gaps.push(otherNearest[i] - own)
  })
  const sorted = Float64Array.from(gaps).sort()
  return {
    galleryPersons: pictures.personCount,
    trials: sorted.length,
    quantiles: GAP_SHARES.map((share) => ({ share, gapSq: quantileOfSorted(sorted, share) })),
  }
}
