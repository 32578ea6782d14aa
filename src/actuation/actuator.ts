import type { ActuationCause, ActuatorKind } from '../decision/door-control.js'

/** An order to release the lock once. */
export interface OpenOrder {
  /** Of this order; for the relay's log, where it keeps one. */
  readonly id: string
  readonly cause: ActuationCause
  readonly pulseMs: number
  /** The order is void after this long; nothing may be sent or repeated then. */
  readonly withinMs: number
}

/** What became of an {@link OpenOrder}. */
export type ActuatorAnswer =
  /** @property confirmed the relay itself said that it closed, not only somebody on the way to it */
  | { readonly outcome: 'opened'; readonly confirmed: boolean }
  | { readonly outcome: 'failed'; readonly cause: string; readonly cure: string }

/** Something that releases the lock for a time, and holds it locked by itself otherwise. */
export interface Actuator {
  readonly kind: ActuatorKind
  /** Never rejects: a fault is an answer. */
  open(order: OpenOrder): Promise<ActuatorAnswer>
  /** Locks, where a pulse is under way. */
  close(): void
}

/** An answer for a fault of an actuator. */
export function failed(cause: string, cure: string): ActuatorAnswer {
  return { outcome: 'failed', cause: cause.slice(0, 500), cure }
}
