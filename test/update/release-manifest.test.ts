import { generateKeyPairSync } from 'node:crypto'
import fc from 'fast-check'
import t from 'tap'
import {
  checkPackage,
  compareVersions,
  readSignedManifest,
  signManifest,
} from '../../src/update/release-manifest.js'

const keys = generateKeyPairSync('ed25519')
const publicKey = keys.publicKey.export({ type: 'spki', format: 'pem' }).toString()
const file = { name: 'genkan_0.2.0_amd64.deb', bytes: 3, sha256: '0'.repeat(64) }
const manifest = {
  product: 'genkan',
  version: '0.2.0',
  releasedAt: '2026-01-02T03:04:05Z',
  files: { amd64: file },
}
const bytesOf = (value: unknown) => Buffer.from(JSON.stringify(value))

t.test('a signed manifest is read', (t) => {
  const bytes = bytesOf(manifest)
  t.same(readSignedManifest(bytes, signManifest(bytes, keys.privateKey), publicKey), manifest)
  t.end()
})

t.test('one changed bit is found, wherever it is', (t) => {
  const bytes = bytesOf(manifest)
  const signature = signManifest(bytes, keys.privateKey)
  fc.assert(
    fc.property(fc.nat(bytes.length - 1), fc.nat(7), (at, bit) => {
      const changed = Buffer.from(bytes)
      changed[at] = (changed[at] ?? 0) ^ (1 << bit)
      try {
        readSignedManifest(changed, signature, publicKey)
        return false
      } catch (error) {
        return (error as { code?: string }).code === 'bad-signature'
      }
    }),
  )
  t.end()
})

t.test("another's key, another kind of key and no signature are distrusted", (t) => {
  const bytes = bytesOf(manifest)
  const other = generateKeyPairSync('ed25519')
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const rsaKey = rsa.publicKey.export({ type: 'spki', format: 'pem' }).toString()
  const signature = signManifest(bytes, keys.privateKey)
  const cases = [
    [signManifest(bytes, other.privateKey), publicKey],
    [signature, rsaKey],
    [signature, 'no key'],
    ['', publicKey],
    ['!!!', publicKey],
  ] as const
  for (const [given, key] of cases) {
    t.throws(() => readSignedManifest(bytes, given, key), { code: 'bad-signature' })
  }
  t.end()
})

t.test('a signed manifest of another form is refused', (t) => {
  const cases: unknown[] = [
    { ...manifest, product: 'other' },
    { ...manifest, version: '1.0' },
    { ...manifest, version: '../../etc' },
    { ...manifest, files: { amd64: { ...file, name: '../x.deb' } } },
    { ...manifest, more: 1 },
    [],
    null,
  ]
  for (const value of cases) {
    const bytes = bytesOf(value)
    const signature = signManifest(bytes, keys.privateKey)
    t.throws(() => readSignedManifest(bytes, signature, publicKey), { code: 'bad-manifest' })
  }
  t.end()
})

t.test('the package must be the signed one', (t) => {
  t.throws(() => checkPackage(Buffer.from('abc'), file), { code: 'wrong-file' })
  const sha256 = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'
  t.doesNotThrow(() => checkPackage(Buffer.from('abc'), { ...file, sha256 }))
  t.throws(() => checkPackage(Buffer.from('abc'), { ...file, sha256, bytes: 4 }))
  t.end()
})

t.test('versions are compared by number', (t) => {
  t.ok(compareVersions('0.10.0', '0.9.9') > 0)
  t.ok(compareVersions('1.0.0', '0.99.99') > 0)
  t.equal(compareVersions('1.2.3', '1.2.3'), 0)
  t.ok(compareVersions('1.2.2', '1.2.3') < 0)
  t.end()
})
