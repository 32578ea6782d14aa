import type { Embedding } from '../encoding/embedding.js'
import { createGallery } from '../matching/gallery.js'
import { clopperPearson } from './statistics/binomial-interval.js'
import { bootstrapByPerson } from './statistics/bootstrap.js'
import { createSeededRandom, shuffle } from './statistics/random.js'
import { runResampled } from './identify-resampled.js'
import { matedProbe, pick, type People } from './mated-probes.js'

/** A measured rate with its two-sided 95 % interval. */
export interface MeasuredRate {
  readonly rate: number
  readonly low: number
  readonly high: number
}

/** One line of the open-set 1:K report (FPIR and FNIR as ISO/IEC 19795-1 and NIST FRVT 1:N). */
export interface IdentificationRow {
  /** K. */
  readonly persons: number
  /**
   * `split`: real galleries of K persons, strangers are the rest.
   * `resampled`: K persons drawn with replacement, for K beyond the people there are.
   */
  readonly kind: 'split' | 'resampled'
  readonly threshold: number
  readonly margin: number
  readonly nonMatedProbes: number
  /** Expected number where resampled. */
  readonly falseIdentifications: number
  /** Strangers who got a name. */
  readonly fpir: MeasuredRate
  readonly matedProbes: number
  /** Enrolled people who did not get their own name: unknown, ambiguous or another's. */
  readonly fnir: MeasuredRate
  /** Enrolled people whose nearest template is their own, at any distance. */
  readonly rank1: MeasuredRate
  /** Part of the FNIR that the margin costs. */
  readonly ambiguousRate: number
  /** Enrolled people who got another's name. */
  readonly misidentificationRate: number
}

export interface IdentifyProtocolOptions {
  readonly modelId: string
  /** Gallery sizes. */
  readonly sizes: readonly number[]
  /** τ and margin for a gallery of so many persons, one template each. */
  readonly thresholdFor: (persons: number) => {
    readonly threshold: number
    readonly margin: number
  }
  readonly seed?: number
  /** Strangers to try at each size where there are as many pictures; default 1,000. */
  readonly nonMatedProbes?: number
  readonly onProgress?: (done: number, total: number) => void
  /** Told of every stranger who got a name: on public sets some are one person under two names. */
  readonly onFalseIdentification?: (stranger: string, named: string, distanceSq: number) => void
}

interface Trial {
  readonly person: number
  readonly isRight: boolean
  readonly isRank1: boolean
  readonly isAmbiguous: boolean
  readonly isWrongName: boolean
}

/** At least this many people stay outside a gallery, to be its strangers. */
const MIN_STRANGERS = 50
const MAX_SPLITS = 50
/** Small galleries are drawn again until they make so many mated probes. */
const MIN_MATED_PROBES = 500
const RESAMPLES = 1000

function bootstrapShare(
  trials: readonly Trial[],
  isEvent: (trial: Trial) => boolean,
  personCount: number,
  seed: number,
): MeasuredRate {
  const events = trials.map(isEvent)
  const rate = events.filter(Boolean).length / trials.length
  const counted = events.some((event) => event !== events[0])
  if (!counted) {
    const persons = new Set(trials.map(({ person }) => person)).size
    return { rate, ...clopperPearson(rate === 0 ? 0 : persons, persons) }
  }
  const interval = bootstrapByPerson(
    personCount,
    (weights) => {
      let sum = 0
      let total = 0
      trials.forEach(({ person }, i) => {
        total += weights[person]
        if (events[i]) sum += weights[person]
      })
      return sum / total
    },
    { seed, resamples: RESAMPLES },
  )
  return { rate, ...interval }
}

function runSplits(
  people: People,
  persons: number,
  options: IdentifyProtocolOptions,
): IdentificationRow {
  const { seed = 1, nonMatedProbes = 1000, modelId } = options
  const random = createSeededRandom(seed + persons)
  const { threshold, margin } = options.thresholdFor(persons)
  const rule = { threshold, margin }
  const mated: Trial[] = []
  const tried = new Set<Embedding>()
  let falseIdentifications = 0
  for (let split = 0; split < MAX_SPLITS; split++) {
    if (tried.size >= nonMatedProbes && mated.length >= MIN_MATED_PROBES) break
    const order = shuffle(
      people.map((_, person) => person),
      random,
    )
    const gallery = createGallery(modelId)
    const probes: { person: number; probe: Embedding }[] = []
    for (const person of order.slice(0, persons)) {
      const { item, at } = pick(people[person].pictures, random)
      gallery.add({ templateId: String(person), personId: String(person), embedding: item })
      const probe = matedProbe(people[person].pictures, at, random)
      if (probe) probes.push({ person, probe })
    }
    for (const { person, probe } of probes) {
      const answer = gallery.identify(probe, rule)
      const isRight = answer.outcome === 'match' && answer.personId === String(person)
      mated.push({
        person,
        isRight,
        isRank1: gallery.search(probe, 1)[0].personId === String(person),
        isAmbiguous: answer.outcome === 'ambiguous',
        isWrongName: answer.outcome === 'match' && !isRight,
      })
    }
    const strangers = shuffle(
      order
        .slice(persons)
        .flatMap((person) => people[person].pictures.map((probe) => ({ person, probe }))),
      random,
    )
    for (const { person, probe } of strangers) {
      if (tried.has(probe) || tried.size >= nonMatedProbes) continue
      tried.add(probe)
      const answer = gallery.identify(probe, rule)
      if (answer.outcome !== 'match') continue
      falseIdentifications++
      const named = people[Number(answer.personId)].name
      options.onFalseIdentification?.(people[person].name, named, answer.distanceSq)
    }
  }
  return {
    persons,
    kind: 'split',
    ...rule,
    nonMatedProbes: tried.size,
    falseIdentifications,
    fpir: {
      rate: falseIdentifications / tried.size,
      ...clopperPearson(falseIdentifications, tried.size),
    },
    ...summarise(mated, people.length, seed),
  }
}

function summarise(
  mated: readonly Trial[],
  personCount: number,
  seed: number,
): Pick<
  IdentificationRow,
  'matedProbes' | 'fnir' | 'rank1' | 'ambiguousRate' | 'misidentificationRate'
> {
  if (mated.length === 0) throw new RangeError('nobody in the gallery has a second picture')
  const share = (isEvent: (trial: Trial) => boolean): number =>
    mated.filter(isEvent).length / mated.length
  return {
    matedProbes: mated.length,
    fnir: bootstrapShare(mated, ({ isRight }) => !isRight, personCount, seed),
    rank1: bootstrapShare(mated, ({ isRank1 }) => isRank1, personCount, seed),
    ambiguousRate: share(({ isAmbiguous }) => isAmbiguous),
    misidentificationRate: share(({ isWrongName }) => isWrongName),
  }
}

/**
 * Open-set 1:K identification: at each gallery size, strangers who get a name (FPIR), enrolled
 * people who do not get theirs (FNIR) and rank-1, with intervals. One template a person.
 *
 * Strangers are tried once per picture, over as many random galleries as it takes; sizes that leave
 * fewer than 50 people outside are resampled.
 *
 * @throws RangeError when nobody has a second picture, or a size is no positive whole number
 */
export function runIdentifyProtocol(
  embeddingsByPerson: ReadonlyMap<string, readonly Embedding[]>,
  options: IdentifyProtocolOptions,
): IdentificationRow[] {
  const people = Array.from(embeddingsByPerson, ([name, pictures]) => ({ name, pictures })).filter(
    ({ pictures }) => pictures.length > 0,
  )
  return options.sizes.map((persons, i) => {
    if (!Number.isInteger(persons) || persons < 1) {
      throw new RangeError(`a gallery size is a positive whole number, got ${persons}`)
    }
    const row =
      persons + MIN_STRANGERS <= people.length
        ? runSplits(people, persons, options)
        : runResampled(people, persons, options)
    options.onProgress?.(i + 1, options.sizes.length)
    return row
  })
}
