import { spawn, spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import t from 'tap'
import { createServiceNotifier } from '../src/systemd-notify.js'

function has(program: string, args: readonly string[]): boolean {
  return spawnSync(program, args).status === 0
}

const skip = !has('systemd-notify', ['--version'])
  ? 'systemd-notify is not installed'
  : !has('python3', ['-c', 'import socket'])
    ? 'python3, which plays the service manager here, is not installed'
    : false

/** A notification socket like the service manager's; prints each message as a line of JSON. */
const MANAGER = `
import json, socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
print(json.dumps("bound"), flush=True)
while True:
    print(json.dumps(s.recv(4096).decode()), flush=True)
`

async function startManager(path: string) {
  const child = spawn('python3', ['-c', MANAGER, path], { stdio: ['ignore', 'pipe', 'inherit'] })
  const messages: string[] = []
  let rest = ''
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n')
    rest = lines.pop() ?? ''
    messages.push(...lines.map((line) => JSON.parse(line) as string))
  })
  const told = () => messages.slice(1).filter((message) => !message.startsWith('BARRIER='))
  const until = async (condition: () => boolean) => {
    for (let i = 0; i < 1000 && !condition(); i++) await delay(10)
  }
  await until(() => messages.length > 0)
  return {
    told,
    heard: (count: number) => until(() => told().length >= count),
    stop: async () => {
      const closed = new Promise((resolve) => child.once('close', resolve))
      child.kill('SIGKILL')
      await closed
    },
  }
}

t.test('the manager hears of the start, the frames and the end', { skip }, async (t) => {
  const path = join('/tmp', `genkan-notify-${process.pid}`)
  const manager = await startManager(path)
  t.teardown(() => spawnSync('rm', ['-f', path]))
  let now = 0
  const faults: string[] = []
  const notifier = createServiceNotifier({
    env: { NOTIFY_SOCKET: path, WATCHDOG_USEC: '20000000', PATH: process.env['PATH'] },
    nowMs: () => now,
    onFault: (message) => faults.push(message),
  })
  notifier.ready('watching front')
  await manager.heard(1)
  t.match(manager.told()[0], /^READY=1$/m)
  t.match(manager.told()[0], /^STATUS=watching front$/m)

  notifier.alive()
  await manager.heard(2)
  t.match(manager.told()[1], /^WATCHDOG=1$/m)
  // Told in turn, so the feeding before it has ended.
  notifier.status('camera degraded:\nunplugged\u001b[31m')
  await manager.heard(3)
  t.match(manager.told()[2], /^STATUS=camera degraded: unplugged \[31m$/m)
  now = 9_999
  notifier.alive()
  now = 10_000
  notifier.alive()
  await manager.heard(4)
  t.match(manager.told()[3], /^WATCHDOG=1$/m)
  await notifier.stopping()
  await manager.heard(5)
  t.match(manager.told()[4], /^STOPPING=1$/m)
  t.equal(manager.told().length, 5, 'nothing else was told')
  t.same(faults, [])
  await manager.stop()
})

function record(env: Record<string, string>, fail: () => boolean = () => false) {
  const sent: string[] = []
  const faults: string[] = []
  let now = 0
  const notifier = createServiceNotifier({
    env,
    pid: 42,
    nowMs: () => now,
    onFault: (message) => faults.push(message),
    send: (assignments) => {
      if (fail()) return Promise.reject(new Error('no manager'))
      sent.push(...assignments)
      return Promise.resolve()
    },
  })
  const judgeAt = async (ms: number) => {
    now = ms
    notifier.alive()
    await new Promise(setImmediate)
  }
  return { notifier, sent, faults, judgeAt }
}

t.test('the watchdog is fed by frames alone, at most once in half its time', async (t) => {
  const { sent, judgeAt } = record({ NOTIFY_SOCKET: '/x', WATCHDOG_USEC: '10000000' })
  await delay(50)
  t.same(sent, [], 'time alone feeds nothing')
  for (let ms = 0; ms < 60_000; ms += 66) await judgeAt(ms)
  t.equal(sent.length, 12)
  t.ok(sent.every((message) => message === 'WATCHDOG=1'))
})

t.test('without a manager nothing is sent', async (t) => {
  const { notifier, sent, judgeAt } = record({ WATCHDOG_USEC: '10000000' })
  notifier.ready('up')
  notifier.status('fine')
  await judgeAt(0)
  await notifier.stopping()
  t.same(sent, [])
})

t.test('a watchdog for another process, or none, is not fed', async (t) => {
  const socket = { NOTIFY_SOCKET: '/x' }
  for (const env of [
    socket,
    { ...socket, WATCHDOG_USEC: '0' },
    { ...socket, WATCHDOG_USEC: 'soon' },
    { ...socket, WATCHDOG_USEC: '10000000', WATCHDOG_PID: '7' },
  ]) {
    const { sent, judgeAt } = record(env)
    await judgeAt(0)
    t.same(sent, [], JSON.stringify(env))
  }
  const ours = record({ ...socket, WATCHDOG_USEC: '10000000', WATCHDOG_PID: '42' })
  await ours.judgeAt(0)
  t.same(ours.sent, ['WATCHDOG=1'])
})

t.test('a manager that is not there is told of once, and tried again in time', async (t) => {
  let down = true
  const env = { NOTIFY_SOCKET: '/x', WATCHDOG_USEC: '10000000' }
  const { sent, faults, judgeAt } = record(env, () => down)
  await judgeAt(0)
  await judgeAt(1300)
  t.same(faults, ['no manager'])
  down = false
  await judgeAt(2000)
  t.same(sent, [], 'not at every frame')
  await judgeAt(2600)
  t.same(sent, ['WATCHDOG=1'])
})

t.test('a burst of states is told as the newest one', async (t) => {
  const { notifier, sent } = record({ NOTIFY_SOCKET: '/x' })
  for (let i = 0; i < 100; i++) notifier.status(`state ${i}`)
  await delay(20)
  t.same(sent, ['STATUS=state 99'])
})
