import { createServer } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import t from 'tap'
import { keepSelfSigned } from '../../src/admin/certificate.js'
import { configSchema } from '../../src/config/schema.js'
import { isReady, readyAddress } from '../../src/update/readiness.js'

const admin = (keys: object) => configSchema.parse({ admin: keys }).admin

t.test('the address is that of this machine, by the protocol that the daemon speaks', (t) => {
  const address = (keys: object) => readyAddress(admin(keys)).href
  t.equal(address({}), 'http://127.0.0.1:8080/ready')
  t.equal(address({ host: '0.0.0.0' }), 'https://127.0.0.1:8080/ready')
  t.equal(address({ host: '0.0.0.0', allowPlainHttp: true }), 'http://127.0.0.1:8080/ready')
  t.equal(address({ host: '::' }), 'https://127.0.0.1:8080/ready')
  t.equal(address({ host: '::1' }), 'http://[::1]:8080/ready')
  t.equal(address({ host: '192.0.2.1', port: 1 }), 'https://192.0.2.1:1/ready')
  t.end()
})

t.test('only an answer of 200 is ready: plain, by TLS, refused, silent, absent', async (t) => {
  let status = 200
  const plain = createServer((_request, response) => {
    if (status !== 0) response.writeHead(status).end()
  })
  const { cert, key } = await keepSelfSigned(join(t.testdir(), 'tls.pem'), '127.0.0.1', [])
  const secure = createSecureServer({ cert, key }, (_request, response) => response.end())
  t.teardown(() => {
    plain.closeAllConnections()
    secure.closeAllConnections()
    plain.close()
    secure.close()
  })
  for (const server of [plain, secure]) {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  }
  const portOf = (server: typeof plain | typeof secure) => (server.address() as AddressInfo).port
  const plainUrl = new URL(`http://127.0.0.1:${portOf(plain)}/ready`)
  t.equal(await isReady(plainUrl, 3000), true)
  t.equal(await isReady(new URL(`https://127.0.0.1:${portOf(secure)}/ready`), 3000), true)
  status = 503
  t.equal(await isReady(plainUrl, 3000), false)
  status = 0
  t.equal(await isReady(plainUrl, 100), false)
  t.equal(await isReady(new URL('http://127.0.0.1:1/ready'), 3000), false)
})
