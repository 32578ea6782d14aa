import { quantileOfSorted } from '../evaluation/statistics/bootstrap.js'
import type { Calibration } from './calibration.js'
import {
  areCompared,
  forEachPair,
  type LabelledPictures,
  type PicturePair,
} from './labelled-distances.js'

/** Levels of the measured curves; the first ones only where there are pairs for them. */
const FMR_LEVELS = [
  1e-6, 2e-6, 5e-6, 1e-5, 2e-5, 5e-5, 1e-4, 2e-4, 5e-4, 1e-3, 2e-3, 5e-3, 0.01, 0.02, 0.05, 0.1,
  0.2, 0.5,
]
const MATCH_LEVELS = [
  0.001,
  0.005,
  ...Array.from({ length: 49 }, (_, i) => 0.01 + 0.02 * i),
  0.98,
  0.985,
  0.99,
  0.995,
  0.998,
  0.999,
]
/** A threshold grid with the bin of every pair, so that a resample only has to add up weights. */
export interface BinnedPairs {
  readonly thresholds: readonly number[]
  /** Calls back with the two persons and the bin of each pair. */
  readonly each: (visit: (personA: number, personB: number, bin: number) => void) => void
}

function binOf(thresholds: readonly number[], distanceSq: number): number {
  const bin = thresholds.findIndex((threshold) => distanceSq <= threshold)
  return bin === -1 ? thresholds.length : bin
}

function distinct(values: readonly number[]): number[] {
  return [...new Set(values)].sort((a, b) => a - b)
}

/** Share of the pairs up to each threshold, when each person counts by a weight. */
export function ratesFor(binned: BinnedPairs, weights: Uint8Array): Float64Array {
  const counts = new Float64Array(binned.thresholds.length + 1)
  binned.each((personA, personB, bin) => {
    counts[bin] += weights[personA] * (personA === personB ? 1 : weights[personB])
  })
  const total = counts.reduce((sum, value) => sum + value, 0)
  let sum = 0
  return Float64Array.from(binned.thresholds, (_, i) => (sum += counts[i]) / total)
}

/** A curve of a calibration file: rates with the interval of their resamples. */
export function toCurve(
  thresholds: readonly number[],
  rates: Float64Array,
  replicates: readonly Float64Array[],
  confidence: number,
): Calibration['fmr']['curve'] {
  return thresholds.map((thresholdSq, i) => {
    const sorted = Float64Array.from(replicates, (replicate) => replicate[i]).sort()
    const rate = rates[i]
    return {
      thresholdSq,
      rate,
      low: Math.min(rate, quantileOfSorted(sorted, (1 - confidence) / 2)),
      high: Math.max(rate, quantileOfSorted(sorted, (1 + confidence) / 2)),
    }
  })
}

const NOT_COUNTED = 255

/**
 * Bins the pairs of different persons.
 * @param impostor their distances, ascending
 */
export function binImpostors(pictures: LabelledPictures, impostor: Float32Array): BinnedPairs {
  const { personOf } = pictures
  const levels = FMR_LEVELS.filter((level) => level * impostor.length >= 1)
  const thresholds = distinct([...levels.map((level) => quantileOfSorted(impostor, level)), 4])
  const bins = new Uint8Array((personOf.length * (personOf.length - 1)) / 2)
  let at = 0
  forEachPair(pictures, (a, b, distanceSq) => {
    bins[at++] = personOf[a] === personOf[b] ? NOT_COUNTED : binOf(thresholds, distanceSq)
  })
  return {
    thresholds,
    each: (visit) => {
      let pair = 0
      for (let i = 0; i < personOf.length; i++) {
        for (let j = 0; j < i; j++) {
          if (!areCompared(pictures, i, j)) continue
          const bin = bins[pair++]
          if (bin !== NOT_COUNTED) visit(personOf[i], personOf[j], bin)
        }
      }
    },
  }
}

/** Bins the pairs of one person each. */
export function binGenuine(
  { personOf }: LabelledPictures,
  genuine: readonly PicturePair[],
): BinnedPairs {
  const sorted = Float64Array.from(genuine, ({ distanceSq }) => distanceSq).sort()
  const levels = MATCH_LEVELS.map((level) => quantileOfSorted(sorted, level))
  const thresholds = distinct([0, ...levels, 4])
  const bins = genuine.map(({ distanceSq }) => binOf(thresholds, distanceSq))
  return {
    thresholds,
    each: (visit) => {
      genuine.forEach(({ a }, i) => visit(personOf[a], personOf[a], bins[i]))
    },
  }
}

/** How many pairs of different persons there are when each person counts by a weight. */
export function countDrawnPairs(
  { personOf, sourceOf }: Pick<LabelledPictures, 'personOf' | 'sourceOf'>,
  weights: Uint8Array,
): number {
  const pairsOf = (counts: (picture: number) => boolean): number => {
    let drawn = 0
    let squares = 0
    for (let i = 0; i < personOf.length;) {
      let end = i
      let count = 0
      for (; end < personOf.length && personOf[end] === personOf[i]; end++) {
        if (counts(end)) count++
      }
      const pictures = count * weights[personOf[i]]
      drawn += pictures
      squares += pictures * pictures
      i = end
    }
    return (drawn * drawn - squares) / 2
  }
  return pairsOf(() => true) - pairsOf((picture) => sourceOf[picture] !== picture)
}
