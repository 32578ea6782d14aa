import { createHash, createPublicKey, sign, verify } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { z } from 'zod'

const versionSchema = z.string().regex(/^\d{1,5}\.\d{1,5}\.\d{1,5}$/, 'must be MAJOR.MINOR.PATCH')

const fileSchema = z.strictObject({
  name: z.string().regex(/^[a-z0-9][a-z0-9.+_~-]{0,100}\.deb$/),
  bytes: z.int().min(1).max(500_000_000),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
})

const manifestSchema = z.strictObject({
  product: z.literal('genkan'),
  version: versionSchema,
  /** When it was released, ISO 8601. */
  releasedAt: z.iso.datetime(),
  files: z.strictObject({ amd64: fileSchema.optional(), arm64: fileSchema.optional() }),
})

/** What a release says of itself: version and package files, by Debian's name of the architecture. */
export type ReleaseManifest = z.output<typeof manifestSchema>

/** Why a release is not installed. */
export class ReleaseError extends Error {
  override readonly name = 'ReleaseError'

  constructor(
    readonly code:
      | 'bad-signature'
      | 'bad-manifest'
      | 'wrong-file'
      | 'no-file-for-this-board'
      | 'not-newer'
      | 'trial-under-way',
    message: string,
    readonly cure: string,
  ) {
    super(`${message}; ${cure}`)
  }
}

const MAX_MANIFEST_BYTES = 64 * 1024
const ED25519_SIGNATURE_BYTES = 64

/**
 * Signs a manifest's bytes (Ed25519, RFC 8032).
 * @returns the signature in base64, for the file beside the manifest
 */
export function signManifest(bytes: Uint8Array, privateKey: KeyObject): string {
  return sign(null, bytes, privateKey).toString('base64')
}

/**
 * Reads a manifest whose signature holds. The very bytes are verified before they are parsed.
 * @param signature base64, as {@link signManifest} makes it
 * @param publicKeyPem Ed25519 public key of whoever may release
 * @throws ReleaseError `bad-signature`, `bad-manifest`
 */
export function readSignedManifest(
  bytes: Uint8Array,
  signature: string,
  publicKeyPem: string,
): ReleaseManifest {
  const distrust = (what: string) =>
    new ReleaseError('bad-signature', what, 'get the release anew, from where its key came from')
  let key: KeyObject
  try {
    key = createPublicKey(publicKeyPem)
  } catch {
    throw distrust('the public key is no PEM key')
  }
  if (key.asymmetricKeyType !== 'ed25519') throw distrust('the public key is not an Ed25519 key')
  const signatureBytes = Buffer.from(signature.trim(), 'base64')
  if (bytes.length > MAX_MANIFEST_BYTES || signatureBytes.length !== ED25519_SIGNATURE_BYTES) {
    throw distrust('manifest or signature has an impossible size')
  }
  if (!verify(null, bytes, key, signatureBytes)) {
    throw distrust('the signature is not of this manifest and this key')
  }
  let json: unknown
  try {
    json = JSON.parse(Buffer.from(bytes).toString('utf8'))
  } catch {
    throw new ReleaseError('bad-manifest', 'the manifest is not JSON', 'ask who signed it')
  }
  const parsed = manifestSchema.safeParse(json)
  if (parsed.success) return parsed.data
  throw new ReleaseError('bad-manifest', z.prettifyError(parsed.error), 'ask who signed it')
}

/** @returns below 0 when `a` is older than `b`, 0 when they are the same, above 0 when it is newer */
export function compareVersions(a: string, b: string): number {
  const parts = (text: string) => versionSchema.parse(text).split('.').map(Number)
  const other = parts(b)
  for (const [i, part] of parts(a).entries()) {
    const difference = part - (other[i] ?? 0)
    if (difference !== 0) return difference
  }
  return 0
}

/**
 * @throws ReleaseError `wrong-file` unless the package is the very file the manifest names
 */
export function checkPackage(bytes: Uint8Array, file: z.output<typeof fileSchema>): void {
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  if (bytes.length === file.bytes && sha256 === file.sha256) return
  throw new ReleaseError(
    'wrong-file',
    `the package has ${bytes.length} bytes and SHA-256 ${sha256}, not what the manifest signs`,
    'get the package anew',
  )
}
