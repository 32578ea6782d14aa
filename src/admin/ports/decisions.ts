import type { Decision, DenialReason } from '../../decision/decision.js'
import type { Awaitable } from './awaitable.js'
import type { Page, PageQuery } from './page.js'

/** Which decisions are wanted; all when nothing is given. */
export interface DecisionFilter {
  readonly outcome?: Decision['outcome'] | undefined
  readonly reason?: DenialReason | undefined
  readonly personId?: string | undefined
  /** At or after then. */
  readonly fromMs?: number | undefined
  /** Before then. */
  readonly toMs?: number | undefined
}

/** What became of "this was not that person". */
export type MistakeResult =
  | {
      readonly outcome: 'noted'
      /** Whether the very face is known from now on, or only who is taken for whom. */
      readonly example: boolean
      readonly pair: boolean
    }
  | { readonly outcome: 'no-such-decision' | 'not-granted' | 'person-gone' | 'no-such-person' }
  /** The face is no longer held, and nobody said who it was. */
  | { readonly outcome: 'nothing-to-learn' }

/** What the door decided. */
export interface DecisionsPort {
  /** Newest first. */
  list(query: PageQuery & DecisionFilter): Awaitable<Page<Decision>>
  /** @param was who it really was, where that is somebody enrolled */
  notThisPerson(id: string, was: string | undefined, actor: string): Awaitable<MistakeResult>
}
