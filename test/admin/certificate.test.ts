import { execFileSync } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { request } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import t from 'tap'

import { createAdminApp } from '../../src/admin/app.js'
import { keepSelfSigned, readCertificate } from '../../src/admin/certificate.js'
import { serveAdmin } from '../../src/admin/serve.js'
import { createMemoryDoor } from './memory-door.js'

const folder = mkdtempSync(join(tmpdir(), 'genkan-tls-'))
t.teardown(() => rmSync(folder, { recursive: true, force: true }))
const file = join(folder, 'genkan.tls.pem')

/** Signs in over TLS, trusting `ca` alone. */
function signIn(url: string, ca: string, token: string): Promise<[number, string]> {
  return new Promise((resolve, reject) => {
    const asked = request(
      new URL('/api/session', url),
      { ca, method: 'POST', headers: { 'Content-Type': 'application/json' } },
      (response) => {
        response.resume()
        resolve([response.statusCode ?? 0, String(response.headers['set-cookie'])])
      },
    )
    asked.on('error', reject)
    asked.end(JSON.stringify({ token }))
  })
}

t.test('a certificate of its own serves TLS, is kept, and its key is nobody else’s', async (t) => {
  const made = await keepSelfSigned(file, '127.0.0.1', ['door.example'])
  t.match(made, { selfSigned: true, fingerprint: /^([0-9A-F]{2}:){31}[0-9A-F]{2}$/ })
  t.equal(statSync(file).mode & 0o777, 0o600)
  const x509 = new X509Certificate(made.cert)
  t.ok(x509.checkHost('door.example'))
  t.ok(x509.checkIP('127.0.0.1'))
  t.ok(Date.parse(x509.validTo) - Date.now() < 825 * 24 * 3_600_000, 'short enough for Safari')

  const door = createMemoryDoor()
  const app = createAdminApp(door.ports)
  const server = await serveAdmin({ app, host: '127.0.0.1', port: 0, tls: made })
  t.teardown(() => server.stop())
  t.match(server.url, /^https:/)
  const [status, cookie] = await signIn(server.url, made.cert, door.token)
  t.equal(status, 204)
  t.match(cookie, /HttpOnly; Secure; SameSite=Strict/, 'the cookie keeps to TLS')
  await t.rejects(fetch(server.url.replace('https:', 'http:')), 'clear text gets no answer')
})

t.test(
  'it stays the same until a name is missing, its end is near, or it is damaged',
  async (t) => {
    const first = await keepSelfSigned(file, '127.0.0.1', ['door.example'])
    t.equal((await keepSelfSigned(file, '0.0.0.0', [])).fingerprint, first.fingerprint)
    const named = await keepSelfSigned(file, '0.0.0.0', ['other.example'])
    t.not(named.fingerprint, first.fingerprint)
    writeFileSync(file, readFileSync(file, 'utf8').replace(/[A-Z]/g, 'A'))
    t.not((await keepSelfSigned(file, '0.0.0.0', [])).fingerprint, named.fingerprint)
    const key = join(folder, 'short.key')
    const cert = join(folder, 'short.pem')
    openssl(cert, key, 10)
    const text = readFileSync(cert, 'utf8') + readFileSync(key, 'utf8')
    writeFileSync(file, text)
    t.ok(new Date((await keepSelfSigned(file, '0.0.0.0', [])).validUntil) > new Date('2027-06-01'))
  },
)

function openssl(cert: string, key: string, days: number): void {
  execFileSync(
    'openssl',
    ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'].concat([
      '-subj',
      '/CN=localhost',
      '-days',
      String(days),
      '-out',
      cert,
      '-keyout',
      key,
    ]),
    { stdio: 'ignore' },
  )
}

t.test('a configured certificate is taken with its key, and nothing else is', (t) => {
  const [cert, key, otherCert, otherKey] = ['a.pem', 'a.key', 'b.pem', 'b.key'].map((name) =>
    join(folder, name),
  )
  openssl(cert, key, 30)
  openssl(otherCert, otherKey, 30)
  t.match(readCertificate(cert, key), { selfSigned: false, fingerprint: String })
  t.throws(() => readCertificate(cert, otherKey), /belong together/)
  t.throws(() => readCertificate(key, cert), /PEM/)
  t.throws(() => readCertificate(join(folder, 'none.pem'), key), /admin\.tls\.cert .* \(ENOENT\)/)
  t.end()
})

t.test('beyond loopback there is no clear text, unless it is asked for by name', async (t) => {
  const app = createAdminApp(createMemoryDoor().ports)
  await t.rejects(serveAdmin({ app, host: '0.0.0.0', port: 0 }), /clear text/)
  const plain = await serveAdmin({ app, host: '0.0.0.0', port: 0, allowPlainHttp: true })
  t.match(plain.url, /^http:/)
  await plain.stop()
  const tls = await keepSelfSigned(file, '0.0.0.0', [])
  const safe = await serveAdmin({ app, host: '0.0.0.0', port: 0, tls })
  t.match(safe.url, /^https:/)
  await safe.stop()
})
