import { EMBEDDING_LENGTH, toUnitLength } from '../encoding/embedding.js'
import { CollapsedHeadError } from './collapse.js'
import {
  compareHeldOut,
  countImpostorPairs,
  measurableFmr,
  type Embed,
  type HeldOutComparison,
} from './held-out.js'
import { applyHead, type LinearHead } from './linear-head.js'
import { labelledVectors, splitThreeWays, type LearningPerson } from './people.js'
import {
  findPoisoned,
  withoutPoisoned,
  type PoisonedEnrolment,
  type PoisonLimits,
} from './poisoned.js'
import type { TensorFlow } from './tensorflow.js'
import {
  identityHead,
  trainTripletHead,
  type TripletEpoch,
  type TripletOptions,
} from './triplet.js'

/** Choices of {@link learnHead}. */
export interface LearnOptions {
  readonly tf: TensorFlow
  readonly triplets: TripletOptions
  /** Share of the persons by whom the head is judged; nothing is learnt from them. */
  readonly heldOutShare: number
  /** Share of further persons, kept for a threshold; neither learnt from nor judged by. */
  readonly calibrationShare: number
  /** FMR that the door works at; compared there, or at the lowest FMR that the pairs can tell of. */
  readonly workingFmr: number
  readonly limits: PoisonLimits
}

/** What came of it. A head is there unless nothing could be trained. */
export interface Learnt {
  readonly poisoned: readonly PoisonedEnrolment[]
  readonly trainedPersons: number
  readonly trainedPictures: number
  readonly heldOut: readonly LearningPerson[]
  readonly calibration: readonly LearningPerson[]
  readonly epochs: readonly TripletEpoch[]
  readonly result:
    | {
        readonly improved: boolean
        readonly head: LinearHead
        readonly comparison: HeldOutComparison
        readonly reason: string
      }
    | { readonly improved: false; readonly head: undefined; readonly reason: string }
}

/** Fewer persons with several pictures than this say nothing about others. */
export const MIN_SEVERAL = 20

/** The head as a way to embed: W·u + b, unit length. */
export function embedBy(head: LinearHead): Embed {
  return (vector) => toUnitLength(applyHead(head, vector))
}

/**
 * Finds poisoned enrolments, leaves them out, splits by person, trains a head on one part and says by
 * another whether it is better: FNMR at the working FMR must improve with its whole interval.
 */
export function learnHead(people: readonly LearningPerson[], options: LearnOptions): Learnt {
  const { tf, triplets, limits } = options
  const poisoned = findPoisoned(people, limits)
  const clean = withoutPoisoned(people, poisoned)
  const shares = { heldOut: options.heldOutShare, calibration: options.calibrationShare }
  const { train, heldOut, calibration } = splitThreeWays(clean, shares, triplets.seed)
  const several = (list: readonly LearningPerson[]) =>
    list.filter(({ pictures }) => pictures.length > 1).length
  const data = labelledVectors(train)
  const common = {
    poisoned,
    trainedPersons: train.length,
    trainedPictures: train.reduce((sum, { pictures }) => sum + pictures.length, 0),
    heldOut,
    calibration,
  }
  const refuse = (reason: string, epochs: readonly TripletEpoch[] = []): Learnt => ({
    ...common,
    epochs,
    result: { improved: false, head: undefined, reason },
  })
  if (several(train) < MIN_SEVERAL || several(heldOut) < MIN_SEVERAL) {
    return refuse(
      `too few persons with two pictures or more: ${several(train)} to learn from and ` +
        `${several(heldOut)} to judge by, ${MIN_SEVERAL} of each are needed; add pictures`,
    )
  }
  const seen: TripletEpoch[] = []
  let head: LinearHead
  try {
    head = trainTripletHead(tf, identityHead(EMBEDDING_LENGTH), data, {
      ...triplets,
      onEpoch(epoch) {
        seen.push(epoch)
        triplets.onEpoch?.(epoch)
      },
    }).head
  } catch (error) {
    if (!(error instanceof CollapsedHeadError)) throw error
    return refuse(error.message, seen)
  }
  const fmr = Math.max(options.workingFmr, measurableFmr(countImpostorPairs(heldOut)))
  const comparison = compareHeldOut(heldOut, (vector) => vector, embedBy(head), {
    fmr,
    seed: triplets.seed,
  })
  const { difference } = comparison
  const improved = difference.high < 0
  const change = `${points(difference.estimate)} points [${points(difference.low)}, ${points(difference.high)}]`
  const reason = improved
    ? `FNMR at FMR ${fmr.toExponential(1)} improved by ${change} on persons held out`
    : `FNMR at FMR ${fmr.toExponential(1)} changed by ${change} on persons held out: not surely better`
  return { ...common, epochs: seen, result: { improved, head, comparison, reason } }
}

function points(rate: number): string {
  return (100 * rate).toFixed(2)
}
