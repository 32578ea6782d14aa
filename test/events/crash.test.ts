import { spawn, type ChildProcess } from 'node:child_process'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

import t from 'tap'

import { temporaryFolder } from '../store/samples.js'
import { noMosquitto, startMosquitto, until } from './mosquitto.js'
import { startReader } from './reader.js'

/** How often to kill; the long form of the fault tests asks for 100. */
const ROUNDS = Number(process.env['GENKAN_KILL_ROUNDS'] ?? 8)

const skip = noMosquitto
const script = join(dirname(fileURLToPath(import.meta.url)), 'daemon.js')

function startDaemon(
  folder: string,
  url: string,
  mode: 'write' | 'drain',
): ChildProcess & { text: string } {
  const child = spawn(process.execPath, [script, folder, url, mode], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const daemon = Object.assign(child, { text: '' })
  child.stdout.on('data', (chunk: Buffer) => {
    daemon.text += chunk.toString()
  })
  return daemon
}

const ended = (child: ChildProcess): Promise<unknown> =>
  new Promise((resolve) => child.once('close', resolve))

const decisionsIn = (text: string): string[] =>
  text
    .split('\n')
    .slice(0, -1)
    .flatMap((line) => /^decision (\w+)$/.exec(line)?.[1] ?? [])

t.test(
  'kill -9 while deciding and draining: every decision arrives, in order',
  { skip },
  async (t) => {
    const broker = await startMosquitto(t)
    const url = `mqtt://127.0.0.1:${broker.port}`
    const reader = await startReader(t, broker.port)
    const folder = join(temporaryFolder(t), 'data')
    const recorded: string[] = []
    for (let round = 0; round < ROUNDS; round++) {
      const daemon = startDaemon(folder, url, 'write')
      const wanted = 10 + Math.floor(Math.random() * 60)
      await until(() => decisionsIn(daemon.text).length >= wanted, 'decisions')
      const closed = ended(daemon)
      daemon.kill('SIGKILL')
      await closed
      recorded.push(...decisionsIn(daemon.text))
    }
    const last = startDaemon(folder, url, 'drain')
    t.equal(await ended(last), 0)
    await until(() => recorded.every((id) => reader.decisionIds().includes(id)), 'everything')
    const arrived = reader.decisionIds()
    t.strictSame(
      arrived.filter((id) => recorded.includes(id)),
      recorded,
      'what was shown arrived, in order',
    )
    t.ok(
      arrived.length - recorded.length <= ROUNDS,
      'besides at most one a crash, recorded but not yet shown',
    )
    t.ok(
      reader.of('decision').length < arrived.length + ROUNDS + 1,
      'repeats are at most one a crash',
    )
  },
)

t.test('kill -9 makes the broker say offline', { skip }, async (t) => {
  const broker = await startMosquitto(t)
  const reader = await startReader(t, broker.port)
  const folder = join(temporaryFolder(t), 'data')
  const daemon = startDaemon(folder, `mqtt://127.0.0.1:${broker.port}`, 'write')
  await until(() => reader.of('status').length > 0, 'the status')
  t.match(reader.of('status').at(-1)?.json, { state: 'online' })
  const closed = ended(daemon)
  daemon.kill('SIGKILL')
  await closed
  await until(() => reader.of('status').length > 1, 'the last will')
  t.match(reader.of('status').at(-1)?.json, {
    state: 'offline',
    at: null,
    cause: 'the connection was lost',
  })
  const latecomer = await startReader(t, broker.port)
  await until(() => latecomer.of('status').length > 0, 'the retained status')
  t.match(latecomer.of('status')[0]?.json, { state: 'offline' })
})
