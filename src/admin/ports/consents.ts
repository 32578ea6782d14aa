import type { Consent, NewConsent } from '../../store/consents.js'
import type { Awaitable } from './awaitable.js'

/** Who agreed to what; see {@link Consent}. */
export interface ConsentsPort {
  /** Oldest first; `undefined` when there is no such person. */
  list(personId: string): Awaitable<readonly Consent[] | undefined>
  /** @throws StoreError `invalid-value` */
  add(personId: string, consent: NewConsent, actor: string): Awaitable<Consent | undefined>
}
