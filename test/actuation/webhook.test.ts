import { createHmac } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'

import t from 'tap'
import { ulid } from 'ulid'

import { createWebhook } from '../../src/actuation/webhook.js'
import { temporaryFolder } from '../store/samples.js'

interface Heard {
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

async function serve(
  t: { teardown(action: () => unknown): unknown },
  answer: (response: ServerResponse) => void,
): Promise<{ url: string; heard: Heard[] }> {
  const heard: Heard[] = []
  const server = createServer((request, response) => {
    let body = ''
    request.setEncoding('utf8').on('data', (text: string) => (body += text))
    request.on('end', () => {
      heard.push({ headers: request.headers, body })
      answer(response)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/open`, heard }
}

const secret = 's'.repeat(40)

function hook(t: { teardown(action: () => void): unknown }, url: string, text = secret) {
  const secretFile = join(temporaryFolder(t), 'secret')
  writeFileSync(secretFile, `${text}\n`, { mode: 0o600 })
  return createWebhook({ url, secretFile, timeoutMs: 2000, door: 'front', nowMs: Date.now })
}

const order = (withinMs = 3000) => ({
  id: ulid(),
  cause: { kind: 'grant', decisionId: ulid() } as const,
  pulseMs: 3000,
  withinMs,
})

t.test('an order is signed, with an hour and a nonce of its own', async (t) => {
  const { url, heard } = await serve(t, (response) => response.writeHead(204).end())
  const webhook = hook(t, url)
  t.match(await webhook.open(order()), { outcome: 'opened', confirmed: true })
  t.match(await webhook.open(order()), { outcome: 'opened' })
  const nonces = heard.map(({ headers }) => headers['x-genkan-nonce'])
  t.equal(new Set(nonces).size, 2)
  for (const { headers, body } of heard) {
    const signed = `${String(headers['x-genkan-timestamp'])}.${String(headers['x-genkan-nonce'])}.${body}`
    const expected = createHmac('sha256', secret).update(signed).digest('hex')
    t.equal(headers['x-genkan-signature'], `sha256=${expected}`)
    t.match(JSON.parse(body), { door: 'front', action: 'open', pulseMs: 3000 })
  }
})

t.test(
  'no answer within the life of the order is a failure, and nothing is sent again',
  async (t) => {
    const { url, heard } = await serve(t, () => undefined)
    t.match(await hook(t, url).open(order(200)), { outcome: 'failed', cause: /in time/ })
    await new Promise((resolve) => setTimeout(resolve, 400))
    t.equal(heard.length, 1)
  },
)

t.test('a refusal, a redirection, nobody there and a weak secret open nothing', async (t) => {
  const no = await serve(t, (response) => response.writeHead(403).end())
  t.match(await hook(t, no.url).open(order()), { outcome: 'failed', cause: /403/ })
  const away = await serve(t, (response) => response.writeHead(307, { location: no.url }).end())
  t.match(await hook(t, away.url).open(order()), { outcome: 'failed' })
  t.equal(no.heard.length, 1, 'no redirection is followed')
  t.match(await hook(t, 'http://127.0.0.1:9/').open(order()), { outcome: 'failed' })
  t.match(await hook(t, no.url, 'short').open(order()), { outcome: 'failed', cause: /secret/ })
})
