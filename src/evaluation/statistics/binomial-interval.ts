import { betaQuantile } from './beta-distribution.js'

/** A two-sided confidence interval. */
export interface Interval {
  readonly low: number
  readonly high: number
}

function check(events: number, trials: number, confidence: number): void {
  if (!(Number.isInteger(events) && Number.isInteger(trials) && events >= 0 && trials >= events)) {
    throw new RangeError(`${events} events of ${trials} trials is no count`)
  }
  if (!(confidence > 0 && confidence < 1)) {
    throw new RangeError(`confidence must be in (0, 1), got ${confidence}`)
  }
}

/**
 * The exact interval of a proportion (Clopper and Pearson, Biometrika 1934): it covers the true
 * rate with at least `confidence`. Trials must be independent; nothing tried gives [0, 1].
 * @throws RangeError when the counts are no counts
 */
export function clopperPearson(events: number, trials: number, confidence = 0.95): Interval {
  check(events, trials, confidence)
  const tail = (1 - confidence) / 2
  return {
    low: events === 0 ? 0 : betaQuantile(tail, events, trials - events + 1),
    high: events === trials ? 1 : betaQuantile(1 - tail, events + 1, trials - events),
  }
}

/**
 * Trials without a single event that are needed before the two-sided Clopper–Pearson interval
 * excludes rates above `rate`: ln(α/2) / ln(1 − rate), 3,688 for 0.1 % at 95 %.
 */
export function trialsToSupport(rate: number, confidence = 0.95): number {
  if (!(rate > 0 && rate < 1)) throw new RangeError(`rate must be in (0, 1), got ${rate}`)
  check(0, 0, confidence)
  return Math.ceil(Math.log((1 - confidence) / 2) / Math.log1p(-rate))
}
