import type { IdempotencyKey, KeptAnswer } from '../../store/idempotency.js'
import type { Awaitable } from './awaitable.js'

/** An answer kept for a request that may be repeated. */
export interface IdempotencyPort {
  find(key: IdempotencyKey): Awaitable<KeptAnswer | undefined>
  keep(
    key: IdempotencyKey,
    answer: KeptAnswer & { readonly personId: string | null },
  ): Awaitable<void>
}
