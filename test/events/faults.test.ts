import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

import t from 'tap'

import { brokerOptionsSchema } from '../../src/events/broker-options.js'
import { probeBroker } from '../../src/events/probe-broker.js'
import { temporaryFolder } from '../store/samples.js'
import { startDoor, type Door } from './door.js'
import {
  createAuthority,
  noMosquitto,
  noOpenssl,
  passwordFile,
  startMosquitto,
  until,
  type Mosquitto,
  type Test,
} from './mosquitto.js'
import { startReader } from './reader.js'

const skip = noMosquitto

async function fault(door: Door): Promise<{ cause: string; cure: string }> {
  await until(() => door.publisher.state().name === 'degraded', 'the fault')
  const state = door.publisher.state()
  if (state.name !== 'degraded') throw new Error(`the state is ${state.name}`)
  return state
}

t.test('user name and password', { skip }, async (t) => {
  const lines = ['allow_anonymous false', 'password_file {folder}/passwd']
  const broker = await startMosquitto(t, lines, { passwd: passwordFile('door', 'right pass') })
  const url = `mqtt://127.0.0.1:${broker.port}`
  const file = join(temporaryFolder(t), 'password')
  writeFileSync(file, 'wrong pass\n', { mode: 0o600 })
  for (const protocolVersion of [5, 4] as const) {
    const wrong = startDoor(t, { url, username: 'door', passwordFile: file, protocolVersion })
    const told = await fault(wrong)
    t.match(told, { cause: /refuses user name or password/, cure: /mqtt\.passwordFile/ })
    t.notMatch(JSON.stringify(told), /wrong pass/)
    await wrong.publisher.stop()
  }
  const nobody = startDoor(t, { url })
  t.match(await fault(nobody), { cause: /refuses user name or password/ })
  await nobody.publisher.stop()

  const door = startDoor(t, { url, username: 'door', passwordFile: file }, { random: () => 0 })
  await fault(door)
  const id = door.deny()
  writeFileSync(file, 'right pass\n')
  await until(() => door.publisher.state().name === 'connected', 'the mended password')
  const reader = await startReader(t, broker.port, { username: 'door', password: 'right pass' })
  await until(() => door.store.outbox.stats().pending === 0, 'the decision')
  t.equal(door.store.decisions.get(id)?.delivery, 'delivered')
  t.ok(reader)
})

t.test('a password file that is not there', { skip }, async (t) => {
  const broker = await startMosquitto(t)
  const url = `mqtt://127.0.0.1:${broker.port}`
  const door = startDoor(t, { url, username: 'door', passwordFile: '/nowhere/password' })
  t.match(await fault(door), { cause: /password file \/nowhere\/password can't be read/ })
})

t.test(
  'a broker whose access list shuts us out keeps no decision from being kept',
  { skip },
  async (t) => {
    const lines = [
      'allow_anonymous false',
      'password_file {folder}/passwd',
      'acl_file {folder}/acl',
      'persistence false',
    ]
    const broker = await startMosquitto(t, lines, {
      passwd: passwordFile('door', 'pw'),
      acl: 'user door\ntopic write genkan/main/status\n',
    })
    const door = startDoor(t, {
      url: `mqtt://127.0.0.1:${broker.port}`,
      username: 'door',
      password: 'pw',
    })
    door.deny()
    t.match(await fault(door), { cause: /does not let this user.*decision/, cure: /access list/ })
    t.equal(door.store.outbox.stats().pending, 1)
    t.equal(door.publisher.counts().delivered, 0)
  },
)

interface Tls {
  readonly broker: Mosquitto
  readonly options: { url: string; ca: string; cert: string; key: string }
  readonly foreign: { ca: string }
}

async function startTls(t: Test, days: number): Promise<Tls> {
  const authority = createAuthority(t)
  const server = authority.sign('localhost', days)
  const client = authority.sign('door-main', 2)
  const foreign = createAuthority(t)
  const lines = [
    'allow_anonymous true',
    'cafile {folder}/ca.pem',
    'certfile {folder}/server.pem',
    'keyfile {folder}/server.key',
    'require_certificate true',
  ]
  const broker = await startMosquitto(t, lines, {
    'ca.pem': authority.ca,
    'server.pem': server.cert,
    'server.key': server.key,
    'client.pem': client.cert,
    'client.key': client.key,
    'foreign.pem': foreign.ca,
  })
  const path = (name: string): string => join(broker.folder, name)
  return {
    broker,
    options: {
      url: `mqtts://localhost:${broker.port}`,
      ca: path('ca.pem'),
      cert: path('client.pem'),
      key: path('client.key'),
    },
    foreign: { ca: path('foreign.pem') },
  }
}

t.test('TLS, with certificates on both sides', { skip: noOpenssl }, async (t) => {
  const { options, foreign } = await startTls(t, 2)
  const door = startDoor(t, options)
  await until(() => door.publisher.state().name === 'connected', 'the connection')
  door.deny()
  t.match(await door.grant(), { outcome: 'sent' })
  await until(() => door.store.outbox.stats().pending === 0, 'the decisions')
  await door.publisher.stop()

  const cases: [string, Parameters<typeof startDoor>[1], RegExp][] = [
    ['wrong authority', { ...options, ca: foreign.ca }, /not signed by the authority/],
    ['the system authorities', { url: options.url }, /not signed by the authority/],
    ['no certificate of ours', { url: options.url, ca: options.ca }, /TLS|cut the connection/],
    [
      'another host name',
      { ...options, url: options.url.replace('localhost', 'ip6-localhost') },
      /another host name|host name is unknown|nothing listens/,
    ],
    ['a key of another certificate', { ...options, cert: options.ca }, /not what it should be/],
    ['no PEM at all', { ...options, cert: '/dev/null' }, /not what it should be/],
    ['no TLS', { url: options.url.replace('mqtts', 'mqtt') }, /cut|closed|did not answer/],
  ]
  for (const [what, wrong, cause] of cases) {
    const refused = startDoor(t, wrong)
    refused.deny()
    t.match(await fault(refused), { cause }, what)
    t.equal(refused.publisher.counts().connections, 0)
    t.equal(refused.store.outbox.stats().pending, 1)
    await refused.publisher.stop()
  }
})

t.test('an expired certificate', { skip: noOpenssl }, async (t) => {
  const { options } = await startTls(t, -1)
  const door = startDoor(t, options)
  t.match(await fault(door), { cause: /expired/, cure: /renew/ })
})

t.test('a probe says how the broker is and leaves the door its line', { skip }, async (t) => {
  const broker = await startMosquitto(t)
  const options = brokerOptionsSchema.parse({ url: `mqtt://127.0.0.1:${broker.port}` })
  const door = startDoor(t, options)
  await until(() => door.publisher.state().name === 'connected', 'the connection')
  const { signal } = new AbortController()
  t.ok((await probeBroker(options, signal)) > 0)
  t.strictSame(door.states, [{ name: 'connected' }])
  await broker.stop()
  await t.rejects(probeBroker(options, signal), { name: 'BrokerFault', cause: /nothing listens/ })
})

t.test('options that could mislead are refused', (t) => {
  const bad: unknown[] = [
    { url: 'http://broker' },
    { url: 'ws://broker' },
    { url: 'broker:1883' },
    { url: 'mqtt://user:secret@broker' },
    { url: 'mqtt://broker', ca: '/ca.pem' },
    { url: 'mqtts://broker', cert: '/cert.pem' },
    { url: 'mqtt://broker', rejectUnauthorized: false },
    { url: 'mqtt://broker', protocolVersion: 3 },
    { url: 'mqtt://broker', clientId: 'a/b' },
  ]
  for (const options of bad) t.notOk(brokerOptionsSchema.safeParse(options).success)
  t.match(brokerOptionsSchema.parse({ url: 'mqtt://broker' }), { protocolVersion: 5 })
  t.end()
})
