import type { AdminToken, NewAdminToken, Role } from '../../store/admin-tokens.js'
import type { Awaitable } from './awaitable.js'

/** Who a token belongs to. */
export interface Principal {
  /** Of the token, as the audit names it. */
  readonly id: string
  readonly name: string
  readonly role: Role
  /** Of a browser's session; absent when the token itself was sent. */
  readonly sessionId?: string
}

/** The tokens that may use the API. */
export interface TokensPort {
  /**
   * Compares in constant time: how long it takes tells nothing of the valid tokens.
   * @returns `undefined` for a token that is not valid
   */
  verify(token: string): Awaitable<Principal | undefined>
  list(): Awaitable<readonly AdminToken[]>
  /** The text is told here once. */
  create(
    token: NewAdminToken,
    actor: string,
  ): Awaitable<{ readonly token: AdminToken; readonly text: string }>
  /** The last token of an admin stays: nobody could make another. */
  revoke(id: string, actor: string): Awaitable<'revoked' | 'no-such-token' | 'last-admin'>
}

/** The browsers that are signed in. */
export interface SessionsPort {
  /** @returns what the browser's cookie holds, and when it ends at the latest */
  begin(principal: Principal): Awaitable<{ readonly text: string; readonly expiresAtMs: number }>
  /** @returns `undefined` for a session that is over */
  verify(text: string): Awaitable<Principal | undefined>
  end(principal: Principal): Awaitable<void>
}
