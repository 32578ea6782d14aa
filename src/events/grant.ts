import type { Decision } from '../decision/decision.js'
import type { BrokerSession } from './broker-session.js'
import { MAX_GRANT_LIFE_MS, type GrantMessage } from './messages.js'

/** A granted decision that is recorded, with the number the store gave it. */
export interface GrantRequest {
  readonly decision: Decision
  /** From the store, higher than every one before. */
  readonly sequence: number
}

/** What became of a grant. Only `sent` may be told to the person as an open door. */
export type GrantResult =
  | { readonly outcome: 'sent'; readonly roundTripMs: number }
  | {
      readonly outcome: 'refused'
      readonly reason: 'not-connected' | 'stale' | 'repeated' | 'not-granted'
    }
  /** Sent, but the broker did not answer in time; the connection was reset and nothing is sent again. */
  | { readonly outcome: 'unconfirmed' }

/** Sends grants: fresh ones, once, over a standing connection. */
export interface GrantSender {
  send(request: GrantRequest, session: BrokerSession | undefined): Promise<GrantResult>
}

/** Clocks of decision and sender are one; a decision further in the future means the clock jumped. */
const CLOCK_TOLERANCE_MS = 250

/**
 * Grants go at QoS 0: no client, broker or session keeps a QoS 0 message for later, so it reaches who
 * is connected now or nobody. QoS 1 would have the client repeat it after a reconnection and the broker
 * queue it for controllers that are away, which is how doors opened by themselves in the field.
 * @param lifeMs how long a grant is good after its decision, at most {@link MAX_GRANT_LIFE_MS}
 */
export function createGrantSender(options: {
  topic: string
  lifeMs: number
  nowMs: () => number
}): GrantSender {
  const { topic, lifeMs, nowMs } = options
  if (!(Number.isInteger(lifeMs) && lifeMs > 0 && lifeMs <= MAX_GRANT_LIFE_MS)) {
    throw new RangeError(`a grant's life must be 1 to ${MAX_GRANT_LIFE_MS} ms, got ${lifeMs}`)
  }
  let lastSequence = 0

  return {
    async send({ decision, sequence }, session) {
      if (decision.outcome !== 'granted') return { outcome: 'refused', reason: 'not-granted' }
      if (sequence <= lastSequence) return { outcome: 'refused', reason: 'repeated' }
      lastSequence = sequence
      const decidedAtMs = Date.parse(decision.decidedAt)
      const sentAtMs = nowMs()
      const remainingMs = decidedAtMs + lifeMs - sentAtMs
      if (!(remainingMs > 0 && remainingMs <= lifeMs + CLOCK_TOLERANCE_MS)) {
        return { outcome: 'refused', reason: 'stale' }
      }
      if (!session?.connected) return { outcome: 'refused', reason: 'not-connected' }
      const message: GrantMessage = {
        id: decision.id,
        door: decision.door,
        sequence,
        personId: decision.person.id,
        decidedAt: decision.decidedAt,
        expiresAt: new Date(decidedAtMs + lifeMs).toISOString(),
        lifeMs,
      }
      const taken = await session.publishNow(
        {
          topic,
          payload: JSON.stringify(message),
          schema: 'genkan.grant.v1',
          correlationId: decision.id,
          expirySeconds: Math.max(1, Math.floor(remainingMs / 1000)),
        },
        remainingMs,
      )
      return taken
        ? { outcome: 'sent', roundTripMs: nowMs() - sentAtMs }
        : { outcome: 'unconfirmed' }
    },
  }
}
