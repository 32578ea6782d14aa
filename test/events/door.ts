import { brokerOptionsSchema, type BrokerOptionsInput } from '../../src/events/broker-options.js'
import {
  startPublisher,
  type Publisher,
  type PublisherOptions,
  type PublisherState,
} from '../../src/events/publisher.js'
import type { Store, StoreOptions } from '../../src/store/store.js'
import { deniedDecision, grantedDecision, temporaryStore } from '../store/samples.js'
import type { Test } from './mosquitto.js'

/** A door without a camera: a real store and a real publisher. */
export interface Door {
  readonly store: Store
  readonly publisher: Publisher
  readonly states: PublisherState[]
  /** Records a denial; its id. */
  deny(): string
  /** Records a grant and sends it; the result of sending. */
  grant(atMs?: number): ReturnType<Publisher['sendGrant']>
}

/** Starts a door against the broker. */
export function startDoor(
  t: Test,
  broker: BrokerOptionsInput,
  options: Partial<PublisherOptions> = {},
  storeOptions: Partial<StoreOptions> = {},
): Door {
  const store = temporaryStore(t, storeOptions)
  const states: PublisherState[] = []
  const publisher = startPublisher({
    broker: brokerOptionsSchema.parse(broker),
    prefix: 'genkan',
    door: 'main',
    outbox: store.outbox,
    nowMs: Date.now,
    random: Math.random,
    onState: (state) => states.push(state),
    ...options,
  })
  t.teardown(() => publisher.stop())
  return {
    store,
    publisher,
    states,
    deny() {
      const { decision } = store.decisions.record(deniedDecision())
      publisher.notify()
      return decision.id
    },
    grant(atMs) {
      const { decision, grantSequence } = store.decisions.record(grantedDecision(undefined, atMs))
      const result = publisher.sendGrant({ decision, sequence: grantSequence ?? 0 })
      publisher.notify()
      return result
    },
  }
}
