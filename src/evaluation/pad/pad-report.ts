import { clopperPearson } from '../statistics/binomial-interval.js'
import type { Interval } from '../statistics/binomial-interval.js'

/** What one cue said of one presentation. */
export interface CueVerdict {
  readonly score: number
  readonly accepted: boolean
}

/** What was shown and what liveness made of it. */
export interface PadTrial {
  readonly path: string
  readonly kind: 'picture' | 'clip'
  readonly species: string
  readonly isLive: boolean
  readonly person: string
  /**
   * `accepted`: taken for a living person. `refused`: taken for an attack. `no-response`: neither,
   * because the file could not be read, no usable face was found, or evidence was lacking.
   */
  readonly fused: 'accepted' | 'refused' | 'no-response'
  /** 0 attack to 1 live, where anything could be scored. */
  readonly fusedScore: number | null
  /** What each cue said, of those that could speak. */
  readonly cues: Readonly<Record<string, CueVerdict | undefined>>
  /** Why there was no response. */
  readonly detail?: string
}

/** An attack species' errors: attack presentations taken for bona fide (ISO/IEC 30107-3). */
export interface SpeciesRate {
  readonly apcer: number
  /** Clopper–Pearson, as if presentations were independent. */
  readonly ci95: Interval
  readonly n: number
  /** Errors. */
  readonly accepted: number
  readonly noResponse: number
  readonly people: number
  /** People of whom a presentation was accepted. */
  readonly peopleAccepted: number
}

export interface CueRate {
  /** Of the score, over all attack presentations against all bona fide; `null` without one of either. */
  readonly auc: number | null
  /** Highest over the species, as the standard wants it. */
  readonly apcer: number | null
  readonly bpcer: number | null
  /** Presentations that the cue could score. */
  readonly n: number
  readonly species: Readonly<
    Record<string, { readonly apcer: number; readonly ci95: Interval; readonly n: number }>
  >
}

export interface PadFigures {
  readonly cues: Readonly<Record<string, CueRate>>
  readonly fused: {
    readonly species: Readonly<Record<string, SpeciesRate>>
    /** Bona fide presentations taken for attacks, of those that got a response. */
    readonly bpcer: number | null
    readonly bpcerCi95: Interval
    readonly bonaFide: {
      readonly n: number
      readonly accepted: number
      readonly refused: number
      readonly noResponse: number
      readonly people: number
      readonly peopleRefused: number
    }
    /** Mean of the highest APCER and of BPCER. */
    readonly acer: number | null
    /** Share of all presentations without a response. */
    readonly nonResponse: number
  }
}

/**
 * Area under the ROC curve by ranks (Mann and Whitney), ties halved.
 * @returns `null` when one of the two is empty
 */
export function areaUnderRoc(live: readonly number[], attacks: readonly number[]): number | null {
  if (live.length === 0 || attacks.length === 0) return null
  const sorted = Float64Array.from(attacks).sort()
  let wins = 0
  for (const score of live) wins += (lowerBound(sorted, score) + upperBound(sorted, score)) / 2
  return wins / (live.length * attacks.length)
}

function lowerBound(sorted: Float64Array, value: number): number {
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (sorted[middle] < value) low = middle + 1
    else high = middle
  }
  return low
}

function upperBound(sorted: Float64Array, value: number): number {
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (sorted[middle] <= value) low = middle + 1
    else high = middle
  }
  return low
}

function count<T>(items: readonly T[], isCounted: (item: T) => boolean): number {
  return items.reduce((sum, item) => sum + Number(isCounted(item)), 0)
}

function peopleOf(trials: readonly PadTrial[]): number {
  return new Set(trials.map(({ person }) => person)).size
}

function speciesOf<T extends { readonly species: string }>(
  attacks: readonly T[],
): Map<string, T[]> {
  const bySpecies = new Map<string, T[]>()
  for (const attack of attacks) {
    const known = bySpecies.get(attack.species)
    if (known === undefined) bySpecies.set(attack.species, [attack])
    else known.push(attack)
  }
  return bySpecies
}

function rateOfSpecies(trials: readonly PadTrial[]): SpeciesRate {
  const accepted = trials.filter(({ fused }) => fused === 'accepted')
  return {
    apcer: accepted.length / trials.length,
    ci95: clopperPearson(accepted.length, trials.length),
    n: trials.length,
    accepted: accepted.length,
    noResponse: count(trials, ({ fused }) => fused === 'no-response'),
    people: peopleOf(trials),
    peopleAccepted: peopleOf(accepted),
  }
}

function rateOfCue(name: string, trials: readonly PadTrial[]): CueRate {
  const scored = trials.flatMap(({ cues, ...trial }) => {
    const verdict = cues[name]
    return verdict === undefined ? [] : [{ ...trial, ...verdict }]
  })
  const live = scored.filter(({ isLive }) => isLive)
  const attacks = scored.filter(({ isLive }) => !isLive)
  const species = Object.fromEntries(
    [...speciesOf(attacks)].map(([label, own]) => {
      const accepted = count(own, (one) => one.accepted)
      const ci95 = clopperPearson(accepted, own.length)
      return [label, { apcer: accepted / own.length, ci95, n: own.length }]
    }),
  )
  const rates = Object.values(species).map(({ apcer }) => apcer)
  const scoresOf = (some: readonly { readonly score: number }[]) => some.map(({ score }) => score)
  return {
    auc: areaUnderRoc(scoresOf(live), scoresOf(attacks)),
    apcer: rates.length === 0 ? null : Math.max(...rates),
    bpcer: live.length === 0 ? null : count(live, ({ accepted }) => !accepted) / live.length,
    n: scored.length,
    species,
  }
}

/** Sums trials up in the terms of ISO/IEC 30107-3. */
export function sumUpPad(trials: readonly PadTrial[]): PadFigures {
  const live = trials.filter(({ isLive }) => isLive)
  const answered = live.filter(({ fused }) => fused !== 'no-response')
  const refused = live.filter(({ fused }) => fused === 'refused')
  const species = Object.fromEntries(
    [...speciesOf(trials.filter(({ isLive }) => !isLive))].map(([label, own]) => [
      label,
      rateOfSpecies(own),
    ]),
  )
  const names = [...new Set(trials.flatMap(({ cues }) => Object.keys(cues)))]
  const bpcer = answered.length === 0 ? null : refused.length / answered.length
  const apcers = Object.values(species).map(({ apcer }) => apcer)
  return {
    cues: Object.fromEntries(names.map((name) => [name, rateOfCue(name, trials)])),
    fused: {
      species,
      bpcer,
      bpcerCi95: clopperPearson(refused.length, answered.length),
      bonaFide: {
        n: live.length,
        accepted: answered.length - refused.length,
        refused: refused.length,
        noResponse: live.length - answered.length,
        people: peopleOf(live),
        peopleRefused: peopleOf(refused),
      },
      acer: bpcer === null || apcers.length === 0 ? null : (Math.max(...apcers) + bpcer) / 2,
      nonResponse:
        trials.length === 0
          ? 0
          : count(trials, ({ fused }) => fused === 'no-response') / trials.length,
    },
  }
}
