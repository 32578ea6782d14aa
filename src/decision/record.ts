import type { Person } from '../store/person.js'
import type { EndedAttempt, ProbeMatch } from './attempt.js'
import type { Decision, DenialReason } from './decision.js'
import type { AccessVerdict } from './policy.js'

/** What the record of a decision holds besides the attempt itself. */
export interface DecisionContext {
  /** ULID, made at the time of the decision. */
  readonly id: string
  readonly decidedAtMs: number
  readonly door: string
  /** τ for the present K. */
  readonly threshold: number
  /** K. */
  readonly galleryPersons: number
  readonly liveness: {
    readonly texture: number | null
    readonly lifeEvents: number
    readonly proof?: string | null
  }
  /** Model id by role. */
  readonly models: Readonly<Record<string, string>>
  readonly latencyMs: number
  /** Looks a person up; `undefined` when deleted in the meantime. */
  readonly findPerson: (id: string) => Person | undefined
  /** Why the door itself lets nobody, or not this person, in now: lockdown, anti-passback. */
  readonly refusesEntry?: (personId: string) => string | undefined
  /** Whether the person may enter at this moment. */
  readonly judgeAccess: (person: Person) => AccessVerdict
}

/**
 * Applies the access policy and writes the attempt down.
 * @returns a decision that has no effect yet: it counts once it is stored
 */
export function toDecision(ended: EndedAttempt, context: DecisionContext): Decision {
  const { result } = ended
  const evidence = {
    id: context.id,
    door: context.door,
    decidedAt: new Date(context.decidedAtMs).toISOString(),
    attempt: {
      frames: ended.frames,
      durationMs: Math.max(0, ended.endedMs - ended.startedMs),
    },
    match: describeMatch(ended.match, context),
    liveness: { ...context.liveness },
    models: { ...context.models },
    latencyMs: Math.max(0, context.latencyMs),
  }
  const deny = (reason: DenialReason, detail: string): Decision => ({
    ...evidence,
    outcome: 'denied',
    reason,
    detail,
  })
  if (result.outcome === 'denied') return deny(result.reason, result.detail)
  const person = context.findPerson(result.personId)
  if (person === undefined) return deny('unknown', 'the person was deleted during the attempt')
  const access = context.judgeAccess(person)
  if (access.outcome !== 'permitted') return deny('not-permitted', access.why)
  const refusal = context.refusesEntry?.(person.id)
  if (refusal !== undefined) return deny('not-permitted', refusal)
  return { ...evidence, outcome: 'granted', person: { id: person.id, name: person.name } }
}

function describeMatch(
  match: ProbeMatch | undefined,
  { threshold, galleryPersons }: DecisionContext,
): Decision['match'] {
  if (match === undefined) return null
  if (match.outcome === 'unknown') {
    if (match.nearestDistanceSq === null) return null
    const distanceSq = match.nearestDistanceSq
    return { distanceSq, runnerUpDistanceSq: null, threshold, galleryPersons }
  }
  const { distanceSq, runnerUpDistanceSq } = match
  return { distanceSq, runnerUpDistanceSq, threshold, galleryPersons }
}
