import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createSecretKey,
  hkdfSync,
  randomBytes,
  timingSafeEqual,
} from 'node:crypto'
import type { KeyObject } from 'node:crypto'

const NONCE_BYTES = 12
const TAG_BYTES = 16

/** Making ready the bytes of a key costs as much as using it; a few keys serve a hundred thousand rows. */
const ready = new WeakMap<Uint8Array, KeyObject>()

function readyKey(key: Uint8Array): KeyObject {
  const found = ready.get(key)
  if (found !== undefined) return found
  const made = createSecretKey(key)
  ready.set(key, made)
  return made
}

/** AES-256-GCM: nonce, ciphertext, tag. @param context what it is sealed for; nothing else opens it */
export function seal(key: Uint8Array, context: string, plain: Uint8Array): Buffer {
  const nonce = randomBytes(NONCE_BYTES)
  const cipher = createCipheriv('aes-256-gcm', readyKey(key), nonce)
  cipher.setAAD(Buffer.from(context, 'utf8'))
  const body = Buffer.concat([cipher.update(plain), cipher.final()])
  return Buffer.concat([nonce, body, cipher.getAuthTag()])
}

/** @returns `undefined` for another key or context, or bytes that somebody changed */
export function unseal(key: Uint8Array, context: string, sealed: Buffer): Buffer | undefined {
  if (sealed.length < NONCE_BYTES + TAG_BYTES) return undefined
  const decipher = createDecipheriv('aes-256-gcm', readyKey(key), sealed.subarray(0, NONCE_BYTES))
  decipher.setAAD(Buffer.from(context, 'utf8'))
  decipher.setAuthTag(sealed.subarray(-TAG_BYTES))
  try {
    // A stream cipher: all of it comes out here, and the end only says whether it is true.
    const plain = decipher.update(sealed.subarray(NONCE_BYTES, -TAG_BYTES))
    decipher.final()
    return plain
  } catch {
    return undefined
  }
}

/** HMAC-SHA256. */
export const keyedHash = (key: Uint8Array, text: string): Buffer =>
  createHmac('sha256', readyKey(key)).update(text).digest()

export const sameBytes = (a: Uint8Array, b: Uint8Array): boolean =>
  a.length === b.length && timingSafeEqual(a, b)

/** A key for one purpose out of a key for several. */
export const deriveKey = (key: Uint8Array, purpose: string): Buffer =>
  Buffer.from(hkdfSync('sha256', key, Buffer.alloc(0), `genkan.fleet.${purpose}`, 32))
