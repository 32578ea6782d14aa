import {
  fitParetoTail,
  paretoDensity,
  paretoSurvival,
  type ParetoTail,
} from '../evaluation/statistics/pareto-tail.js'

/**
 * How often different persons come nearer than a distance, far into the rare cases:
 * FMR(d) = rate · P(excess > start − d), with a generalised Pareto distribution of the excess.
 */
export interface ImpostorTail extends ParetoTail {
  /** Share of truly different pairs nearer than the start of the tail. */
  readonly rate: number
  /** Share of all "different" pairs whose labels are taken for wrong: one person under two names. */
  readonly mislabelledRate: number
}

/** Pairs labelled as different that are nearer than the start of the tail. */
export interface TailPairs {
  /** Where the tail begins, squared L2. */
  readonly startSq: number
  /** Squared L2 of each pair, all below `startSq`. */
  readonly distancesSq: Float64Array
  /** Density of same-person distances at each of them. */
  readonly genuineDensities: Float64Array
  /** Share of same-person distances below `startSq`. */
  readonly genuineShare: number
}

/** A fitted tail, and how likely each pair is two pictures of one person. */
export interface FittedTail {
  readonly tail: ImpostorTail
  readonly mislabelled: Float64Array
}

const MAX_ROUNDS = 30
/** Mislabelled pairs assumed before the first round. */
const FIRST_GUESS = 1

/**
 * Fits the tail as a mixture, since label noise would otherwise *be* the tail: in LFW the nearest
 * "different" pairs are one person under two names. A pair is either two persons (Pareto) or one
 * person mislabelled (distributed as genuine distances); the shares and the tail are found by
 * expectation maximisation. No pair is dropped: each counts for the tail as far as it is not
 * explained as a wrong label, and the share of wrong labels is reported.
 *
 * @param totalPairs number of "different" pairs altogether, in the unit of `weights`
 * @param weights how much each pair counts; 1 when left out
 * @throws RangeError when too few pairs are in the tail
 */
export function fitImpostorTail(
  pairs: TailPairs,
  totalPairs: number,
  weights?: Float64Array,
): FittedTail {
  const { startSq, distancesSq, genuineDensities, genuineShare } = pairs
  const excesses = distancesSq.map((distance) => startSq - distance)
  const mislabelled = new Float64Array(excesses.length)
  const cleanWeights = weights ? weights.slice() : new Float64Array(excesses.length).fill(1)
  let clean = cleanWeights.reduce((sum, weight) => sum + weight, 0)
  let wrong = FIRST_GUESS
  let tail = fitParetoTail(excesses, cleanWeights)

  for (let round = 0; round < MAX_ROUNDS; round++) {
    let wrongInTail = 0
    let nextClean = 0
    for (let i = 0; i < excesses.length; i++) {
      const weight = weights ? weights[i] : 1
      const asWrong = wrong * genuineDensities[i]
      const asDifferent = clean * paretoDensity(tail, excesses[i])
      mislabelled[i] = asWrong > 0 ? asWrong / (asWrong + asDifferent) : 0
      cleanWeights[i] = weight * (1 - mislabelled[i])
      wrongInTail += weight * mislabelled[i]
      nextClean += cleanWeights[i]
    }
    const nextWrong = wrongInTail / genuineShare
    const isSettled = Math.abs(nextWrong - wrong) < 1e-3 * wrong + 1e-3
    wrong = nextWrong
    clean = nextClean
    tail = fitParetoTail(excesses, cleanWeights)
    if (isSettled) break
  }
  return {
    tail: { ...tail, rate: clean / totalPairs, mislabelledRate: wrong / totalPairs },
    mislabelled,
  }
}

/** FMR below the start of the tail, for pairs that truly are two persons. */
export function tailFmr(tail: ImpostorTail, startSq: number, distanceSq: number): number {
  return tail.rate * paretoSurvival(tail, startSq - distanceSq)
}
