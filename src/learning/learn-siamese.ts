import { clopperPearson, type Interval } from '../evaluation/statistics/binomial-interval.js'
import { createSeededRandom } from '../evaluation/statistics/random.js'
import { splitPeople, type LearningPerson } from './people.js'
import { measureReliability, type Reliability } from './reliability.js'
import {
  calibrateSiamese,
  siameseProbability,
  trainSiamese,
  type EncodedPair,
  type SiameseHead,
  type SiameseOptions,
} from './siamese.js'
import type { TensorFlow } from './tensorflow.js'

/** A second opinion on pairs that the distance lets through. */
export interface LearntSiamese {
  readonly head: SiameseHead
  /** Below this probability it disagrees. */
  readonly refuseBelow: number
  /** On persons held out, both classes as likely. */
  readonly reliability: Reliability
  /** Pairs of one person, within τ, that it would refuse. */
  readonly genuineRefused: RefusedShare
  /** The nearest pairs of two persons that it would refuse. */
  readonly impostorRefused: RefusedShare
  readonly useful: boolean
  readonly reason: string
}

export interface RefusedShare extends Interval {
  readonly rate: number
  readonly pairs: number
}

export interface LearnSiameseOptions {
  readonly tf: TensorFlow
  readonly siamese: SiameseOptions
  readonly seed: number
  /** Impostor pairs drawn for each genuine one in training. */
  readonly impostorsPerGenuine?: number
}

/** Share of one person's pairs, of people it was calibrated on, that it may refuse. */
const AFFORDABLE = 0.003
/** The nearest share of different persons' pairs, which is what a second opinion is for. */
const NEAREST_SHARE = 0.002
const MAX_PICTURES = 10

/**
 * Trains on 60 % of the persons, calibrates probability and limit on 20 %, and says by the last 20 %
 * whether it is of use: it must refuse a surely larger share of strangers who look alike than of
 * employees.
 * @throws RangeError when there are too few pairs
 */
export function learnSiamese(
  people: readonly LearningPerson[],
  options: LearnSiameseOptions,
): LearntSiamese {
  const { tf, seed, impostorsPerGenuine = 10 } = options
  const { train, heldOut: rest } = splitPeople(people, 0.4, seed)
  const { train: calibration, heldOut } = splitPeople(rest, 0.5, seed + 1)
  const trained = trainSiamese(tf, drawPairs(train, impostorsPerGenuine, seed), options.siamese)
  const calibrationPairs = drawPairs(calibration, impostorsPerGenuine, seed + 2)
  const head = calibrateSiamese(trained, calibrationPairs)
  const genuineProbabilities = calibrationPairs
    .filter(({ same }) => same)
    .map(({ a, b }) => siameseProbability(head, a, b))
    .sort((x, y) => x - y)
  const refuseBelow = genuineProbabilities[Math.floor(AFFORDABLE * genuineProbabilities.length)]

  const balanced = drawPairs(heldOut, 1, seed + 3)
  const reliability = measureReliability(
    balanced.map(({ a, b, same }) => ({ probability: siameseProbability(head, a, b), same })),
  )
  const refusedOf = (pairs: readonly EncodedPair[]): RefusedShare => {
    const refused = pairs.filter(({ a, b }) => siameseProbability(head, a, b) < refuseBelow).length
    return {
      rate: refused / pairs.length,
      pairs: pairs.length,
      ...clopperPearson(refused, pairs.length),
    }
  }
  const genuineRefused = refusedOf(balanced.filter(({ same }) => same))
  const impostorRefused = refusedOf(nearestImpostors(heldOut))
  const useful = impostorRefused.low > genuineRefused.high
  const percent = (rate: number) => `${(100 * rate).toFixed(1)} %`
  return {
    head,
    refuseBelow,
    reliability,
    genuineRefused,
    impostorRefused,
    useful,
    reason:
      `on persons held out it refuses ${percent(impostorRefused.rate)} of the ` +
      `${impostorRefused.pairs} nearest strangers and ${percent(genuineRefused.rate)} of ` +
      `${genuineRefused.pairs} pairs of one person${useful ? '' : ': not surely of use'}`,
  }
}

/** Every pair of one person, and so many pairs of two for each of them. */
export function drawPairs(
  people: readonly LearningPerson[],
  impostorsPerGenuine: number,
  seed: number,
): EncodedPair[] {
  const random = createSeededRandom(seed)
  const pairs: EncodedPair[] = []
  for (const { pictures } of people) {
    const kept = pictures.slice(0, MAX_PICTURES)
    kept.forEach(({ vector: a }, i) => {
      for (const { vector: b } of kept.slice(0, i)) pairs.push({ a, b, same: true })
    })
  }
  const wanted = pairs.length * impostorsPerGenuine
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]
  for (let i = 0; i < wanted && people.length > 1; i++) {
    const one = pick(people)
    const other = pick(people)
    if (one === other) continue
    pairs.push({ a: pick(one.pictures).vector, b: pick(other.pictures).vector, same: false })
  }
  return pairs
}

function nearestImpostors(people: readonly LearningPerson[]): EncodedPair[] {
  const found: { a: Float32Array; b: Float32Array; distance: number }[] = []
  people.forEach((one, i) => {
    for (const other of people.slice(0, i)) {
      for (const { vector: a } of one.pictures.slice(0, MAX_PICTURES)) {
        for (const { vector: b } of other.pictures.slice(0, MAX_PICTURES)) {
          let dot = 0
          for (let k = 0; k < a.length; k++) dot += a[k] * b[k]
          found.push({ a, b, distance: 2 - 2 * dot })
        }
      }
    }
  })
  found.sort((x, y) => x.distance - y.distance)
  return found
    .slice(0, Math.max(20, Math.ceil(NEAREST_SHARE * found.length)))
    .map(({ a, b }) => ({ a, b, same: false }))
}
