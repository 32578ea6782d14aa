import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { connect } from 'mqtt'
import sharp from 'sharp'
import t from 'tap'
import type { Test } from 'tap'
import type { Decision } from '../src/decision/decision.js'
import { decisionMessageSchema } from '../src/events/messages.js'
import { assetPath } from '../src/models/registry.js'
import { openStore } from '../src/store/store.js'

const MAIN = fileURLToPath(new URL('../src/main.js', import.meta.url))

/** One round of the replay, a start on a busy machine, and some room. */
const ROUND_MS = 150_000

interface Running {
  readonly folder: string
  readonly token: string
  readonly consoleUrl: string
  readonly brokerUrl: string
  /** Sends Ctrl-C and waits for the exit code. */
  interrupt(): Promise<number | null>
}

async function start(t: Test): Promise<Running> {
  const folder = mkdtempSync(join(tmpdir(), 'genkan-main-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const env = { ...process.env, GENKAN_ADMIN_PORT: '0', GENKAN_MQTT_EMBEDDED_PORT: '0' }
  const daemon = spawn(process.execPath, [MAIN], { cwd: folder, env })
  t.teardown(() => daemon.kill('SIGKILL'))
  let printed = ''
  let log = ''
  daemon.stdout.setEncoding('utf8').on('data', (text: string) => (printed += text))
  daemon.stderr.setEncoding('utf8').on('data', (text: string) => (log += text))
  const ready = () => /stop +Ctrl-C/.test(printed)
  await until(() => ready() || daemon.exitCode !== null, 60_000)
  if (!ready()) throw new Error(`the daemon did not start: ${log}`)
  const find = (pattern: RegExp) => pattern.exec(printed)?.[1] ?? ''
  return {
    folder,
    token: find(/token +(\S+)/),
    consoleUrl: find(/console +(http:\/\/[^#\s]+)/),
    brokerUrl: find(/--url (\S+)/),
    interrupt: () =>
      new Promise((resolve) => {
        daemon.once('exit', resolve)
        daemon.kill('SIGINT')
      }),
  }
}

async function until(holds: () => boolean, withinMs: number): Promise<boolean> {
  const deadlineMs = performance.now() + withinMs
  while (!holds() && performance.now() < deadlineMs) {
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  return holds()
}

/** Listens to the door's decisions as a building-automation system does. */
function listen(t: Test, brokerUrl: string): { decisions: Decision[]; grants: string[] } {
  const heard = { decisions: [] as Decision[], grants: [] as string[] }
  const client = connect(brokerUrl, { protocolVersion: 4 })
  t.teardown(() => client.endAsync(true))
  client.on('message', (topic, payload) => {
    const message: unknown = JSON.parse(payload.toString())
    if (topic.endsWith('/decision')) heard.decisions.push(decisionMessageSchema.parse(message))
    if (topic.endsWith('/grant')) heard.grants.push((message as { id: string }).id)
  })
  client.subscribe('genkan/#', { qos: 1 })
  return heard
}

t.test('first light: from a fresh folder to decisions on the broker', async (t) => {
  const daemon = await start(t)
  const heard = listen(t, daemon.brokerUrl)

  const form = new FormData()
  form.set('name', 'First man')
  const picture = readFileSync(join(daemon.folder, 'data', 'first-man.jpg'))
  form.set('picture', new File([picture], 'first-man.jpg', { type: 'image/jpeg' }))
  const answer = await fetch(`${daemon.consoleUrl}api/persons`, {
    method: 'POST',
    headers: { authorization: `Bearer ${daemon.token}` },
    body: form,
  })
  t.equal(answer.status, 201, 'one request enrols a person from one picture')

  const reasons = () =>
    new Set<string>(heard.decisions.map((d) => (d.outcome === 'granted' ? 'granted' : d.reason)))
  const all = await until(
    () => ['granted', 'unknown', 'attack', 'no-liveness-evidence'].every((r) => reasons().has(r)),
    ROUND_MS,
  )
  t.ok(all, `man, stranger and stills were told apart; heard ${[...reasons()].join(', ')}`)

  const granted = heard.decisions.filter(({ outcome }) => outcome === 'granted')
  t.ok(
    granted.every((d) => d.outcome === 'granted' && d.person.name === 'First man'),
    'nobody else was granted',
  )
  t.ok(
    heard.grants.every((id) => granted.some((decision) => decision.id === id)),
    'no grant without its decision',
  )

  t.equal(await daemon.interrupt(), 0, 'Ctrl-C ends it cleanly')
  const folder = join(daemon.folder, 'data')
  const store = openStore({ folder, nowMs: Date.now })
  t.teardown(() => store.close())
  const kept = new Set(store.decisions.list({ limit: 200 }).decisions.map((d) => d.decision.id))
  t.ok(
    heard.decisions.every(({ id }) => kept.has(id)),
    'every decision that was heard is in the store',
  )
  t.equal(store.outbox.stats().pending, 0, 'and every one in the store was delivered')
})

t.test('pictures that are no use get 4xx with a reason, and the daemon goes on', async (t) => {
  const daemon = await start(t)
  const group = readFileSync(assetPath('sample1.jpg'))
  const wall = sharp({ create: { width: 640, height: 480, channels: 3, background: 'grey' } })
  const tiny = await wall.clone().resize(8, 8).png().toBuffer()
  const bomb = Buffer.from(tiny)
  bomb.writeUInt32BE(30_000, 16)
  bomb.writeUInt32BE(30_000, 20)
  const huge = await wall.clone().resize(10_000, 10_000).jpeg().toBuffer()
  const cases: readonly (readonly [string, Buffer, string])[] = [
    ['0 bytes', Buffer.alloc(0), 'not-an-image'],
    ['truncated', group.subarray(0, group.length / 3), 'broken-image'],
    ['no picture', Buffer.from('hello'), 'not-an-image'],
    ['bomb-like PNG', bomb, 'too-large'],
    ['100 megapixels', huge, 'too-large'],
    ['no face', await wall.clone().jpeg().toBuffer(), 'no-face'],
    ['several faces', group, 'two-faces'],
  ]
  for (const [what, bytes, reason] of cases) {
    const form = new FormData()
    form.set('name', 'Somebody')
    form.set('picture', new File([new Uint8Array(bytes)], 'picture.jpg', { type: 'image/jpeg' }))
    const answer = await fetch(`${daemon.consoleUrl}api/persons`, {
      method: 'POST',
      headers: { authorization: `Bearer ${daemon.token}` },
      body: form,
    })
    const problem = await answer.text()
    t.ok(answer.status >= 400 && answer.status < 500, `${what}: ${answer.status}`)
    t.match(problem, what === '0 bytes' ? /"code":/ : new RegExp(reason), what)
  }
  const list = await fetch(`${daemon.consoleUrl}api/persons`, {
    headers: { authorization: `Bearer ${daemon.token}` },
  })
  t.match(await list.json(), { items: [] }, 'nobody was enrolled')
  t.equal(await daemon.interrupt(), 0)
})

t.test('a second daemon on the same store is refused with the cure', async (t) => {
  const first = await start(t)
  const env = { ...process.env, GENKAN_ADMIN_PORT: '0', GENKAN_MQTT_EMBEDDED_PORT: '0' }
  const second = spawn(process.execPath, [MAIN], { cwd: first.folder, env })
  let said = ''
  second.stderr.setEncoding('utf8').on('data', (text: string) => (said += text))
  const exitCode = await new Promise((resolve) => second.once('exit', resolve))
  t.equal(exitCode, 1)
  t.match(said, /cannot start/)
  t.equal(await first.interrupt(), 0)
})
