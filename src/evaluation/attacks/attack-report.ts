import { clopperPearson, type Interval } from '../statistics/binomial-interval.js'
import type { LivenessMode } from '../../liveness/fusion.js'
import type { AttackTrial } from './play.js'

/** A species' trials in one mode. */
export interface AttackRate {
  readonly species: string
  readonly mode: string
  readonly trials: number
  readonly people: number
  /** Trials in which a face was never found; they count as trials. */
  readonly withoutFace: number
  readonly grants: number
  /** Of the rate of grants (Clopper–Pearson), as if trials were independent. */
  readonly ci95: Interval
  /** Trials with an event of life, whatever the other cues said. */
  readonly withLifeEvent: number
  readonly withChallengePassed: number
  /** Trials in which a cue said attack, by cue. */
  readonly refusedBy: Readonly<Record<string, number>>
  /** Attempts by outcome. */
  readonly outcomes: Readonly<Record<string, number>>
}

/** Sums trials up, by species and mode, and all species of a mode together. */
export function sumUpAttacks(trials: readonly AttackTrial[]): AttackRate[] {
  const modes = [...new Set(trials.flatMap((trial) => Object.keys(trial.modes)))]
  const species = [...new Set(trials.map((trial) => trial.species))]
  return (modes as LivenessMode[]).flatMap((mode) =>
    [...species, 'all'].flatMap((name) => {
      const own = trials.filter((trial) => name === 'all' || trial.species === name)
      const rate = rateOf(name, mode, own)
      return rate.trials === 0 ? [] : [rate]
    }),
  )
}

function rateOf(species: string, mode: LivenessMode, trials: readonly AttackTrial[]): AttackRate {
  const played = trials.flatMap((trial) => {
    const result = trial.modes[mode]
    return result === undefined ? [] : [{ trial, result }]
  })
  const grants = played.filter(({ result }) => result.granted).length
  return {
    species,
    mode,
    trials: played.length,
    people: new Set(played.map(({ trial }) => trial.person)).size,
    withoutFace: played.filter(({ trial }) => trial.framesWithFace === 0).length,
    grants,
    ci95: clopperPearson(grants, played.length),
    withLifeEvent: played.filter(({ result }) => result.lifeEvents > 0).length,
    withChallengePassed: played.filter(({ result }) => result.challengePassed).length,
    refusedBy: countBy(played.flatMap(({ result }) => result.refusedBy)),
    outcomes: countBy(played.flatMap(({ result }) => result.outcomes)),
  }
}

function countBy(names: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1
  return counts
}
