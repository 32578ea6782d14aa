import { fork, spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { connectAsync } from 'mqtt'

import { startFleetLink } from '../../fleet/link.js'
import { beginFleet, invite, joinFleet } from '../../fleet/joining.js'
import { listMembers } from '../../fleet/members.js'
import { openSecrets } from '../../fleet/membership.js'
import type { Membership } from '../../fleet/membership.js'
import { migrateRecord } from '../../fleet/migrate.js'
import type { Connection } from '../../fleet/postgres.js'
import { revocationMessage, revocationTopic } from '../../fleet/revocations.js'
import { copyOnce } from '../../fleet/sync.js'
import { openStore } from '../../store/store.js'
import type { Store } from '../../store/store.js'
import { randomEmbedding } from '../random-gallery.js'
import { freeLoopbackPort } from './free-port.js'
import type { PostgresServer } from './postgres-server.js'
import type { ReplicasNews, ReplicasOrder } from './replicas.js'

const REPLICAS = fileURLToPath(new URL('./replicas.js', import.meta.url))
/** As a daemon looks for what is new in its own store. */
const LOOK_EVERY_MS = 200
const PATIENCE_MS = 30_000

/** How long news took to so many replicas, in ms. */
export interface Spread {
  readonly what: 'enrolment' | 'revocation'
  readonly rounds: number
  /** Of all rounds together; one that did not come in time counts as infinite. */
  readonly latenciesMs: readonly number[]
  /** Processor time of all replicas together a round, in s: what one machine pays that plays them all. */
  readonly replicasCpuSeconds: number
}

async function startBroker(folder: string) {
  const port = await freeLoopbackPort()
  const file = join(folder, 'mosquitto.conf')
  const user = process.getuid?.() === 0 ? 'user root\n' : ''
  writeFileSync(file, `listener ${port} 127.0.0.1\nallow_anonymous true\n${user}`)
  const path = `${process.env['PATH'] ?? ''}:/usr/sbin`
  const child = spawn('mosquitto', ['-c', file], {
    stdio: 'ignore',
    env: { ...process.env, PATH: path },
  })
  child.on('error', () => undefined)
  process.once('exit', () => child.kill())
  return { url: `mqtt://127.0.0.1:${port}`, stop: () => void child.kill() }
}

function enrol(store: Store, name: string) {
  const person = store.persons.create(name, 'bench')
  const template = store.templates.add(
    {
      personId: person.id,
      embedding: randomEmbedding('bench'),
      quality: 0.9,
      source: 'cli',
      cropPng: Buffer.from('89504e470d0a1a0a', 'hex'),
    },
    'bench',
  )
  return { personId: person.id, templateId: template.id }
}

/** Joins without a store: the replica's is a copy of one that has read everything. */
function joinWithoutStore(
  client: Connection,
  invitation: string,
  name: string,
): Promise<Membership> {
  const memory = { begin: () => undefined, recall: () => undefined, remember: () => undefined }
  return joinFleet(client, memory, name, invitation)
}

/**
 * Enrols and revokes at one kiosk, and listens when each of many replicas has it. Each is a kiosk of its
 * own, with its own membership, store, connection and MQTT client.
 */
export async function benchSpread(
  server: PostgresServer,
  folder: string,
  options: {
    readonly replicas: number
    readonly processes: number
    readonly rounds: number
    readonly persons: number
    readonly onProgress: (line: string) => void
  },
): Promise<Spread[]> {
  const broker = await startBroker(folder)
  const client = await server.connect()
  await migrateRecord(client)
  const source = openStore({ folder: join(folder, 'source'), nowMs: Date.now })
  const template = join(folder, 'template')
  await beginFleet(client, source.replica, 'source')
  const secrets = openSecrets(source.replica)
  for (let index = 0; index < options.persons; index++) enrol(source, `Person ${index}`)
  await copyOnce(client, { replica: source.replica, secrets, onApplied: () => undefined })
  const joined = openStore({ folder: template, nowMs: Date.now })
  await joinFleet(client, joined.replica, 'template', await invite(client, secrets))
  await copyOnce(client, {
    replica: joined.replica,
    secrets: openSecrets(joined.replica),
    onApplied: () => undefined,
  })
  const memberships: Membership[] = []
  for (let number = 0; number < options.replicas; number++) {
    memberships.push(
      await joinWithoutStore(client, await invite(client, secrets), `replica ${number}`),
    )
  }
  await listMembers(client, secrets)
  joined.replica.remember('members', secrets.members())
  joined.close()
  await client.end()

  const seen = new Map<string, number[]>()
  const children: ChildProcess[] = []
  const cpuAnswers: number[] = []
  const perProcess = Math.ceil(options.replicas / options.processes)
  await Promise.all(
    Array.from({ length: options.processes }, (_, index) => {
      const first = index * perProcess
      const order: ReplicasOrder = {
        template,
        folder,
        first,
        memberships: memberships.slice(first, first + perProcess),
        url: server.url,
        broker: broker.url,
        topic: revocationTopic('genkan', secrets.membership().fleet),
      }
      const child = fork(REPLICAS, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
      children.push(child)
      child.send(order)
      return new Promise<void>((resolve, reject) => {
        child.once('exit', (code) => reject(new Error(`replicas ended with code ${String(code)}`)))
        child.on('message', (news: ReplicasNews) => {
          if (news.kind === 'ready') resolve()
          else if (news.kind === 'cpu') cpuAnswers.push(news.ms)
          else for (const { id, atMs } of news.all) seen.set(id, [...(seen.get(id) ?? []), atMs])
        })
      })
    }),
  )
  options.onProgress(`${options.replicas} replicas are connected`)

  const publisher = await connectAsync(broker.url)
  const { replica } = source
  const link = startFleetLink({
    replica,
    secrets,
    address: { url: server.url },
    name: 'source',
    pollMs: 10_000,
    random: Math.random,
    onApplied: () => undefined,
    onFresh: () => undefined,
    onState: () => undefined,
    status: () => ({}),
  })
  const timer = setInterval(() => {
    replica.announce()
    for (const told of replica.unsent(50)) {
      const topic = revocationTopic('genkan', secrets.membership().fleet)
      publisher.publish(topic, revocationMessage(secrets, told), { qos: 1 })
      replica.sent(told.sequence)
    }
    if (replica.hasPending()) link.kick()
  }, LOOK_EVERY_MS)

  async function measure(id: string, startMs: number): Promise<number[]> {
    const endMs = performance.now() + PATIENCE_MS
    while ((seen.get(id)?.length ?? 0) < options.replicas && performance.now() < endMs) {
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    const found = (seen.get(id) ?? []).map((atMs) => atMs - startMs)
    const missing = options.replicas - found.length
    return [...found, ...Array.from({ length: missing }, () => Number.POSITIVE_INFINITY)]
  }

  async function cpuOfReplicas(): Promise<number> {
    cpuAnswers.length = 0
    for (const child of children) child.send('cpu')
    while (cpuAnswers.length < children.length) {
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
    return cpuAnswers.reduce((sum, ms) => sum + ms, 0) / 1000
  }

  const pause = () => new Promise((resolve) => setTimeout(resolve, 1500))
  const now = () => performance.timeOrigin + performance.now()
  const enrolments: number[] = []
  const revocations: number[] = []
  const cpu = { enrolment: 0, revocation: 0 }
  try {
    for (let round = 0; round < options.rounds; round++) {
      await pause()
      const idleCpu = await cpuOfReplicas()
      const startMs = now()
      const { personId, templateId } = enrol(source, `Somebody ${round}`)
      enrolments.push(...(await measure(templateId, startMs)))
      const enrolledCpu = await cpuOfReplicas()
      cpu.enrolment += enrolledCpu - idleCpu
      await pause()
      const restedCpu = await cpuOfReplicas()
      const revokedMs = now()
      source.persons.update(personId, { active: false }, 'bench')
      revocations.push(...(await measure(personId, revokedMs)))
      cpu.revocation += (await cpuOfReplicas()) - restedCpu
      options.onProgress(`round ${round + 1} of ${options.rounds}`)
    }
  } finally {
    clearInterval(timer)
    await link.stop()
    await publisher.endAsync(true)
    for (const child of children) {
      child.removeAllListeners('exit')
      child.kill('SIGKILL')
    }
    source.close()
    broker.stop()
  }
  const { rounds } = options
  const spreadOf = (what: Spread['what'], latenciesMs: readonly number[]): Spread => ({
    what,
    rounds,
    latenciesMs,
    replicasCpuSeconds: cpu[what] / rounds,
  })
  return [spreadOf('enrolment', enrolments), spreadOf('revocation', revocations)]
}
