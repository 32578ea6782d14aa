import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'

import type { Principal } from './ports.js'

/** A token as it is kept: never the token itself. */
export interface StoredToken {
  readonly name: string
  /** {@link hashToken} of the token. */
  readonly hash: string
}

/** A new token: 256 random bits as 43 url-safe characters. */
export function generateToken(): string {
  return randomBytes(32).toString('base64url')
}

/**
 * What is kept of a token: its SHA-256 in hex.
 * A plain hash suffices because the token is 256 random bits, not a password that could be guessed.
 */
export function hashToken(token: string): string {
  return createHash('sha256').update(token, 'utf8').digest('hex')
}

/**
 * Checks tokens against the stored ones in time that tells nothing about them:
 * hashes of one length are compared, and every stored token is looked at.
 *
 * @param stored asked at every check, so a revoked token ends at once
 */
export function createTokenVerifier(
  stored: () => readonly StoredToken[],
): (token: string) => Principal | undefined {
  return (token) => {
    const given = Buffer.from(hashToken(token), 'hex')
    let found: Principal | undefined
    for (const { name, hash } of stored()) {
      const kept = Buffer.from(hash, 'hex')
      if (kept.length === given.length && timingSafeEqual(kept, given)) found = { name }
    }
    return found
  }
}
