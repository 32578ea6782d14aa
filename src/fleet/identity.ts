import {
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  sign,
  verify,
} from 'node:crypto'
import type { KeyObject } from 'node:crypto'

import { deriveKey, seal, unseal } from './seal.js'

/** A kiosk's own two key pairs, as they are kept in its encrypted store (PKCS #8, base64). */
export interface KioskKeys {
  /** X25519: what is sealed for this kiosk. */
  readonly boxPrivate: string
  /** Ed25519: what this kiosk says. */
  readonly signPrivate: string
}

/** What others need of a kiosk: raw public keys of 32 bytes. */
export interface KioskPublicKeys {
  readonly boxKey: Buffer
  readonly signKey: Buffer
}

/** DER headers that Node.js wants before 32 raw bytes (RFC 8410). */
const BOX_HEADER = Buffer.from('302a300506032b656e032100', 'hex')
const SIGN_HEADER = Buffer.from('302a300506032b6570032100', 'hex')
const RAW_BYTES = 32

const privateOf = (text: string): KeyObject =>
  createPrivateKey({ key: Buffer.from(text, 'base64'), format: 'der', type: 'pkcs8' })

const publicOf = (header: Buffer, raw: Buffer): KeyObject =>
  createPublicKey({ key: Buffer.concat([header, raw]), format: 'der', type: 'spki' })

const rawOf = (key: KeyObject): Buffer =>
  Buffer.from(key.export({ format: 'der', type: 'spki' }).subarray(-RAW_BYTES))

const textOf = (key: KeyObject): string =>
  key.export({ format: 'der', type: 'pkcs8' }).toString('base64')

export function makeKioskKeys(): KioskKeys {
  return {
    boxPrivate: textOf(generateKeyPairSync('x25519').privateKey),
    signPrivate: textOf(generateKeyPairSync('ed25519').privateKey),
  }
}

export function publicKeysOf({ boxPrivate, signPrivate }: KioskKeys): KioskPublicKeys {
  return {
    boxKey: rawOf(createPublicKey(privateOf(boxPrivate))),
    signKey: rawOf(createPublicKey(privateOf(signPrivate))),
  }
}

/** Seals bytes so that only the kiosk with this key opens them: an ephemeral X25519 key, then AES-256-GCM. */
export function sealFor(boxKey: Buffer, context: string, plain: Uint8Array): Buffer {
  const ephemeral = generateKeyPairSync('x25519')
  const shared = diffieHellman({
    privateKey: ephemeral.privateKey,
    publicKey: publicOf(BOX_HEADER, boxKey),
  })
  const own = rawOf(ephemeral.publicKey)
  const key = deriveKey(Buffer.concat([shared, own, boxKey]), 'box')
  return Buffer.concat([own, seal(key, context, plain)])
}

/** @returns `undefined` when it was sealed for somebody else */
export function unsealFor(keys: KioskKeys, context: string, sealed: Buffer): Buffer | undefined {
  if (sealed.length <= RAW_BYTES) return undefined
  const ephemeral = sealed.subarray(0, RAW_BYTES)
  try {
    const shared = diffieHellman({
      privateKey: privateOf(keys.boxPrivate),
      publicKey: publicOf(BOX_HEADER, ephemeral),
    })
    const { boxKey } = publicKeysOf(keys)
    const key = deriveKey(Buffer.concat([shared, ephemeral, boxKey]), 'box')
    return unseal(key, context, sealed.subarray(RAW_BYTES))
  } catch {
    return undefined
  }
}

export const signText = ({ signPrivate }: KioskKeys, text: string): Buffer =>
  sign(null, Buffer.from(text, 'utf8'), privateOf(signPrivate))

export function isSignedBy(signKey: Buffer, text: string, signature: Buffer): boolean {
  try {
    return verify(null, Buffer.from(text, 'utf8'), publicOf(SIGN_HEADER, signKey), signature)
  } catch {
    return false
  }
}
