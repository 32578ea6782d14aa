import { BrokerFault } from './broker-fault.js'
import type { BrokerSession } from './broker-session.js'
import { pause, type BackOff } from './back-off.js'
import { LATE_AFTER_MS, RECORD_SCHEMAS } from './messages.js'

/** A message that waits in the store. */
export interface QueuedMessage {
  readonly sequence: number
  readonly id: string
  readonly kind: 'decision' | 'door'
  readonly body: unknown
  readonly createdAtMs: number
}

/** How full the outbox is. */
export interface OutboxStanding {
  readonly pending: number
  readonly abandoned: number
  readonly pendingBytes: number
  /** Of its bound by size, 0..1. */
  readonly fill: number
}

/** What the drain needs of the store's outbox. */
export interface OutboxSource {
  pending(limit: number): QueuedMessage[]
  markDelivered(sequence: number): void
  enforceBound(options: { readonly byAge: boolean }): number
  stats(): OutboxStanding
}

/** What one drain works on, and whom it tells. */
export interface DrainOptions {
  readonly outbox: OutboxSource
  readonly topics: Readonly<Record<QueuedMessage['kind'], string>>
  readonly session: BrokerSession
  readonly backOff: BackOff
  /** Ends with the session or the daemon. */
  readonly signal: AbortSignal
  readonly nowMs: () => number
  /** Keeps a message until the broker has a subscriber for it. */
  readonly waitForReader: boolean
  /** Resolves when something was recorded since it was last asked. */
  readonly whenNotified: (signal: AbortSignal) => Promise<void>
  readonly onDelivered: (message: { readonly late: boolean }) => void
  /** The broker refuses, or the store fails; the drain goes on after a pause. */
  readonly onTrouble: (fault: BrokerFault) => void
}

const BATCH = 32

function payloadOf(message: QueuedMessage, late: boolean): string {
  return JSON.stringify({ ...(message.body as object), late })
}

function unread(topic: string): BrokerFault {
  return new BrokerFault({
    cause: `nobody reads ${topic}; decisions wait`,
    cure: 'subscribe the recorder, or switch mqtt.waitForReader off',
    refusal: true,
  })
}

function textOf(error: unknown, field: 'what' | 'cure'): string | undefined {
  if (typeof error !== 'object' || error === null) return undefined
  const text: unknown = Reflect.get(error, field)
  return typeof text === 'string' ? text : undefined
}

/** A fault of the store comes with `what` and `cure`, too. */
function asTrouble(error: unknown): BrokerFault {
  if (error instanceof BrokerFault) return error
  const message = error instanceof Error ? error.message.slice(0, 300) : 'unknown error'
  return new BrokerFault({
    cause: `the outbox fails: ${textOf(error, 'what') ?? message}`,
    cure: textOf(error, 'cure') ?? 'run genkan doctor',
    error,
  })
}

/**
 * Publishes what waits, oldest first, one at a time, each marked after its PUBACK, until the signal.
 *
 * One at a time keeps the order even where a broker refuses one message and takes the next; a door
 * makes less than one decision a second, so the round trip does not matter. A crash between PUBACK and
 * mark sends a message again: at least once, readers de-duplicate by id.
 */
export async function drainOutbox(options: DrainOptions): Promise<void> {
  const { outbox, topics, session, signal, backOff, nowMs } = options
  const hasEnded = (): boolean => signal.aborted

  /** A broker that has a message is not bothered again because the disk is full. */
  async function mark(sequence: number): Promise<void> {
    while (!hasEnded()) {
      try {
        outbox.markDelivered(sequence)
        return
      } catch (error) {
        options.onTrouble(asTrouble(error))
        await pause(backOff.next(), signal)
      }
    }
  }

  while (!hasEnded()) {
    try {
      const messages = outbox.pending(BATCH)
      for (const message of messages) {
        if (hasEnded()) return
        const late = nowMs() - message.createdAtMs > LATE_AFTER_MS
        const topic = topics[message.kind]
        const { hasReaders } = await session.publish({
          topic,
          payload: payloadOf(message, late),
          schema: RECORD_SCHEMAS[message.kind],
          correlationId: message.id,
        })
        if (!hasReaders && options.waitForReader) throw unread(topic)
        await mark(message.sequence)
        options.onDelivered({ late })
        backOff.reset()
      }
      if (messages.length === 0) await options.whenNotified(signal)
    } catch (error) {
      if (hasEnded()) return
      options.onTrouble(asTrouble(error))
      await pause(backOff.next(), signal)
    }
  }
}
