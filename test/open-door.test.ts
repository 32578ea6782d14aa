import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { Ajv } from 'ajv'
import addFormats from 'ajv-formats'
import { connect, type MqttClient } from 'mqtt'
import t, { type Test as TapTest } from 'tap'
import { ulid } from 'ulid'

import { openBroker } from '../src/broker.js'
import { configSchema } from '../src/config/schema.js'
import type { GrantedDecision } from '../src/decision/decision.js'
import { asyncApiDocument, kindOfTopic } from '../src/events/async-api.js'
import { openDoor, type OpenedDoor } from '../src/open-door.js'
import type { Store } from '../src/store/store.js'
import {
  createAuthority,
  noMosquitto,
  noOpenssl,
  passwordFile,
  startMosquitto,
  until,
  type Mosquitto,
  type Test,
} from './events/mosquitto.js'
import { startReader, type Reader } from './events/reader.js'
import {
  deniedDecision,
  grantedDecision,
  temporaryFolder,
  temporaryStore,
} from './store/samples.js'

interface Opened {
  readonly door: OpenedDoor
  readonly store: Store
  readonly troubles: string[]
  readonly reloads: number[]
}

async function open(t: Test, settings: object, store: Store): Promise<Opened> {
  const config = configSchema.parse({ camera: { source: 'replay' }, ...settings })
  const troubles: string[] = []
  const reloads: number[] = []
  const door = openDoor({
    config,
    store,
    broker: await openBroker(config.mqtt),
    describeState: () => ({
      problem: null,
      camera: 'online',
      framesPerSecond: 12,
      enrolledPersons: 1,
    }),
    enrolFromCamera: (personId) =>
      Promise.resolve({ outcome: 'enrolled', faceId: personId, quality: 0.9 }),
    reload: () => reloads.push(1),
    onBrokerState: () => undefined,
    onAbandoned: () => undefined,
    onTrouble: (what) => troubles.push(what),
  })
  t.teardown(async () => {
    door.stop()
    await door.publisher.stop()
  })
  await until(() => door.publisher.state().name === 'connected', 'the connection')
  return { door, store, troubles, reloads }
}

const granted = (): GrantedDecision => ({ ...grantedDecision(), id: ulid() }) as GrantedDecision

/** Every message of the door against the published schemas. */
function assertDocumented(t: TapTest, reader: Reader, door = 'front'): void {
  const document = asyncApiDocument('0.0.0') as {
    components: { messages: Record<string, { payload: object }> }
    operations: Record<string, { bindings: { mqtt: { qos: number; retain: boolean } } }>
  }
  const ajv = new Ajv({ strict: false, validateFormats: true })
  addFormats.default(ajv)
  ajv.addFormat('ulid', true)
  for (const { topic, json, packet } of reader.received) {
    const kind = kindOfTopic(topic, 'genkan', door)
    if (kind === undefined) continue
    const validate = ajv.compile(document.components.messages[kind].payload)
    t.ok(validate(json), `${topic} ${JSON.stringify(validate.errors)}`)
    const { mqtt } = document.operations[kind].bindings
    t.equal(packet.qos, mqtt.qos, `${topic} QoS`)
    if (!mqtt.retain) t.equal(packet.retain, false, topic)
  }
}

/** A relay as its maker documents it, on a client of its own. */
async function startRelay(
  t: Test,
  port: number,
  filter: string,
  answer: (client: MqttClient, topic: string, payload: string) => void,
): Promise<string[]> {
  const client = connect(`mqtt://127.0.0.1:${port}`, { protocolVersion: 5 })
  t.teardown(() => client.endAsync(true))
  const heard: string[] = []
  client.on('message', (topic, payload, packet) => {
    heard.push(`${topic} ${payload.toString()} qos=${packet.qos} retain=${packet.retain}`)
    answer(client, topic, payload.toString())
  })
  await client.subscribeAsync(filter, { qos: 1 })
  return heard
}

t.test('relays in the forms of their makers open at a grant', { skip: noMosquitto }, async (t) => {
  const broker = await startMosquitto(t)
  const url = `mqtt://127.0.0.1:${broker.port}`
  const shelly = await startRelay(t, broker.port, 'shelly-1/rpc', (client, _topic, text) => {
    const request = JSON.parse(text) as { id: number; src: string }
    const { id, src } = request
    client.publish(`${src}/rpc`, JSON.stringify({ id, src: 'shelly-1', result: { was_on: false } }))
  })
  const tasmota = await startRelay(t, broker.port, 'cmnd/gate/+', (client) => {
    client.publish('stat/gate/RESULT', JSON.stringify({ PulseTime2: { Set: 25 } }))
    client.publish('stat/gate/RESULT', JSON.stringify({ POWER2: 'ON' }))
  })
  const esphome = await startRelay(
    t,
    broker.port,
    'strike/switch/door/command',
    (client, _, text) => client.publish('strike/switch/door/state', text, { retain: true }),
  )
  const forms = [
    { form: 'shelly', topic: 'shelly-1', channel: '0' },
    { form: 'tasmota', topic: 'gate', channel: '2' },
    { form: 'esphome', topic: 'strike', channel: 'door' },
  ]
  for (const mqtt of forms) {
    const { door } = await open(
      t,
      { mqtt: { url }, actuation: { kind: 'mqtt', pulseMs: 500, mqtt } },
      temporaryStore(t),
    )
    await new Promise((resolve) => setTimeout(resolve, 200))
    t.match(await door.keeper.openFor(granted()), { outcome: 'opened', confirmed: true }, mqtt.form)
    if (mqtt.form === 'esphome') await until(() => esphome.length >= 3, 'the end of the pulse')
    door.stop()
    await door.publisher.stop()
  }
  t.match(shelly, [
    /"method":"Switch.Set","params":\{"id":0,"on":true,"toggle_after":0.5\}.* qos=0 retain=false$/,
  ])
  t.strictSame(tasmota, ['cmnd/gate/Backlog0 PulseTime2 5; Power2 ON qos=0 retain=false'])
  const command = 'strike/switch/door/command'
  t.strictSame(
    esphome.map((line) => line.replace(/ qos.*/, '')),
    [`${command} OFF`, `${command} ON`, `${command} OFF`],
    'off at the connection, since a crash may have left it on',
  )
})

t.test(
  'a relay that is silent is a loud failure, not an open door',
  { skip: noMosquitto },
  async (t) => {
    const broker = await startMosquitto(t)
    const reader = await startReader(t, broker.port)
    const { door, store, troubles } = await open(
      t,
      {
        mqtt: { url: `mqtt://127.0.0.1:${broker.port}` },
        decision: { grantLifeMs: 600 },
        actuation: { kind: 'mqtt', mqtt: { topic: 'nobody' } },
      },
      temporaryStore(t),
    )
    const decision = granted()
    store.decisions.record(decision)
    door.follow(decision)
    await until(() => reader.of('door').length === 1, 'the event')
    t.match(reader.of('door')[0]?.json, {
      kind: 'actuation',
      cause: { kind: 'grant', decisionId: decision.id },
      result: { outcome: 'failed', cause: /did not answer/ },
      late: false,
    })
    t.match(troubles, ['the door did not open'])
    await broker.stop('SIGKILL')
    t.match(await door.keeper.open('token:a', 'x'), {
      outcome: 'failed',
      cause: /broker did not take/,
    })
  },
)

t.test(
  'Home Assistant: announced, on the wire as documented, and taken back',
  { skip: noMosquitto },
  async (t) => {
    const broker = await startMosquitto(t)
    const reader = await startReader(t, broker.port)
    const url = `mqtt://127.0.0.1:${broker.port}`
    const store = temporaryStore(t)
    const config = (enabled: boolean) => ({ mqtt: { url, homeAssistant: { enabled } } })
    const { door } = await open(t, config(true), store)
    const topic = 'homeassistant/device/genkan_front/config'
    const announced = () => reader.received.filter((message) => message.topic === topic)
    await until(() => announced().length === 1, 'the announcement')
    const device = announced()[0]?.json as { components: Record<string, Record<string, unknown>> }
    t.notHas(device.components, { lock: {} }, 'no lock where genkan drives none')
    for (const [name, component] of Object.entries(device.components)) {
      t.match(component, { platform: String, unique_id: `genkan_front_${name}` }, name)
    }
    t.match(device.components['attempt'], {
      platform: 'event',
      state_topic: 'genkan/front/attempt',
      event_types: ['granted', 'unknown', 'ambiguous', 'attack'],
    })

    const home = connect(url, { protocolVersion: 5 })
    t.teardown(() => home.endAsync(true))
    await home.publishAsync('homeassistant/status', 'offline')
    await home.publishAsync('homeassistant/status', 'online')
    await until(() => announced().length === 2, 'the repetition')

    const decision = grantedDecision({ id: ulid(), name: 'x/+/#/../$SYS' })
    for (const each of [deniedDecision(), decision]) {
      const { decision: recorded } = store.decisions.record(each)
      door.publisher.notify()
      door.follow(recorded)
    }
    door.follow(deniedDecision(Date.now() - 60_000))
    door.keeper.setLockdown(true, 'token:a', 'drill')
    await until(() => reader.of('state').at(-1)?.json['lockdown'] === true, 'the state')
    await until(() => reader.of('attempt').length === 2, 'the attempts, but not the late one')
    await until(
      () => reader.of('door').length === 1 && reader.of('decision').length === 2,
      'history',
    )
    t.notMatch(JSON.stringify(reader.of('state').map(({ text }) => text)), /SYS/, 'no name is kept')
    t.notOk(
      reader.received.some((message) => /SYS|\.\./.test(message.topic)),
      'no name in a topic',
    )
    assertDocumented(t, reader)

    door.stop()
    await door.publisher.stop()
    const latecomer = await startReader(t, broker.port, { clean: true })
    await until(() => latecomer.received.length >= 2, 'what is kept')
    t.notOk(latecomer.received.some(({ topic }) => /(attempt|grant|decision|door)$/.test(topic)))

    const again = connect(url, { protocolVersion: 5 })
    t.teardown(() => again.endAsync(true))
    let removed = false
    again.on('message', (heard, payload) => {
      if (heard === topic) removed = payload.length === 0
    })
    await again.subscribeAsync(topic)
    await until(() => store.memory.get('home-assistant-topic') === topic, 'what was told')
    await open(t, config(false), store)
    await until(() => removed, 'the removal')
    await until(() => store.memory.get('home-assistant-topic') === undefined, 'to forget it')
  },
)

interface Secured {
  readonly broker: Mosquitto
  readonly settings: object
  readonly sender: MqttClient
}

/** A broker with TLS and a login, and a sender of commands at it. */
async function secure(t: Test, commands: object): Promise<Secured> {
  const authority = createAuthority(t)
  const server = authority.sign('localhost', 2)
  const broker = await startMosquitto(
    t,
    [
      'allow_anonymous false',
      'password_file {folder}/passwd',
      'certfile {folder}/server.pem',
      'keyfile {folder}/server.key',
    ],
    {
      'ca.pem': authority.ca,
      'server.pem': server.cert,
      'server.key': server.key,
      passwd: passwordFile('door', 'pw'),
    },
  )
  const secret = join(temporaryFolder(t), 'password')
  writeFileSync(secret, 'pw\n', { mode: 0o600 })
  const url = `mqtts://localhost:${broker.port}`
  const sender = connect(url, {
    protocolVersion: 5,
    username: 'door',
    password: 'pw',
    ca: authority.ca,
  })
  t.teardown(() => sender.endAsync(true))
  const settings = {
    mqtt: {
      url,
      username: 'door',
      passwordFile: secret,
      ca: join(broker.folder, 'ca.pem'),
      commands,
    },
  }
  return { broker, settings, sender }
}

t.test(
  'commands are carried out once, answered, and refused when hostile',
  { skip: noOpenssl },
  async (t) => {
    const allow = ['open', 'lockdown', 'enroll', 'leave', 'reload']
    const { settings, sender } = await secure(t, { allow })
    const answers: { topic: string; json: Record<string, unknown>; correlation: string }[] = []
    const elsewhere: string[] = []
    sender.on('message', (topic, payload, { properties }) => {
      if (!topic.startsWith('genkan/front/response')) {
        elsewhere.push(topic)
        return
      }
      const correlation = properties?.correlationData?.toString() ?? ''
      answers.push({
        topic,
        json: JSON.parse(payload.toString()) as Record<string, unknown>,
        correlation,
      })
    })
    await sender.subscribeAsync(['genkan/front/response/#', 'genkan/front/grant'], { qos: 1 })
    const now = (shiftMs = 0) => new Date(Date.now() + shiftMs).toISOString()
    const send = (name: string, content: unknown, options: object = {}) =>
      sender.publishAsync(
        `genkan/front/command/${name}`,
        typeof content === 'string' || Buffer.isBuffer(content) ? content : JSON.stringify(content),
        { qos: 1, ...options },
      )
    await send('open', { id: 'from-the-past', issuedAt: now() }, { retain: true })
    const store = temporaryStore(t)
    const { door, reloads } = await open(t, settings, store)
    await until(() => door.refusals().retained === 1, 'the retained command to be refused')

    await send(
      'lockdown',
      { id: 'command-1', issuedAt: now(), on: true, reason: 'drill' },
      {
        properties: {
          responseTopic: 'genkan/front/response/desk',
          correlationData: Buffer.from('c-1'),
        },
      },
    )
    await until(() => answers.length === 1, 'the answer')
    t.match(answers[0], {
      topic: 'genkan/front/response/desk',
      correlation: 'c-1',
      json: { id: 'command-1', command: 'lockdown', repeated: false, result: { outcome: 'done' } },
    })
    t.not(door.keeper.state().lockdown, null)
    t.match(store.audit.list({ limit: 2 }), [
      { action: 'door.lockdown', actor: 'mqtt:command-1' },
      { action: 'command.lockdown', actor: 'mqtt:command-1' },
    ])
    door.keeper.setLockdown(false, 'token:a', '')
    await send('lockdown', { id: 'command-1', issuedAt: now(), on: true })
    await until(() => answers.length === 2, 'the answer of then')
    t.match(answers[1], { topic: 'genkan/front/response', json: { repeated: true } })
    t.equal(door.keeper.state().lockdown, null, 'a command is carried out once')

    await send('reload', { id: 'command-2', issuedAt: now() })
    await send('open', { id: 'command-3', issuedAt: now(), reason: 'parcel' })
    await until(() => answers.length === 4, 'the next answers')
    t.equal(reloads.length, 1)
    t.match(answers[3]?.json, { result: { outcome: 'refused', reason: 'no-actuator' } })
    store.commandsSeen.begin('crashed-before')
    await send('open', { id: 'crashed-before', issuedAt: now() })
    await until(() => answers.length === 5, 'the refusal')
    t.match(answers[4]?.json, { result: { reason: 'unanswered-before' } })

    const good = { id: 'hostile-00', issuedAt: now() }
    await send('open', { ...good, issuedAt: now(-11_000) })
    await send('open', { ...good, id: 'hostile-01', issuedAt: now(20_000) })
    await send('open', Buffer.alloc(60_000, 0x20))
    await send('open', `${'['.repeat(2000)}${']'.repeat(2000)}`)
    await send('open', 'not json')
    await send('open', { ...good, reason: { $gt: '' } })
    await send('open', { ...good, extra: 1 })
    await send('open', { ...good, id: '../grant' })
    await send('open', { ...good, reason: 'a\nb' })
    await send('unlock-all', good)
    for (const responseTopic of [
      'genkan/front/grant',
      'genkan/front/response/../grant',
      'zigbee/lock/set',
    ]) {
      await send('open', good, { properties: { responseTopic } })
    }
    await until(() => door.refusals()['bad-response-topic'] === 3, 'the refusals')
    t.strictSame(door.refusals(), {
      'too-large': 1,
      'too-many': 0,
      retained: 1,
      'not-json': 1,
      'too-deep': 1,
      'not-valid': 4,
      'not-allowed': 1,
      stale: 1,
      'from-the-future': 1,
      'bad-response-topic': 3,
      'unanswered-before': 1,
    })
    t.strictSame(elsewhere, [], 'nothing was written where a sender pointed')
    await send('open', Buffer.alloc(300_000, 0x5b))
    for (let index = 0; index < 60; index++) await send('reload', '{}')
    await until(() => door.refusals()['too-many'] > 0, 'the flood to be cut')
    t.equal(door.publisher.state().name, 'connected', 'and the line stands')
    t.equal(store.doorLog.list(9).filter(({ kind }) => kind === 'actuation').length, 1)
  },
)

t.test('commands need TLS and a login', (t) => {
  const parse = (mqtt: object) =>
    configSchema.safeParse({
      camera: { source: 'replay' },
      mqtt: { commands: { allow: ['open'] }, ...mqtt },
    }).success
  t.notOk(parse({}))
  t.notOk(parse({ url: 'mqtt://broker', username: 'a', passwordFile: 'b' }))
  t.notOk(parse({ url: 'mqtts://broker' }))
  t.notOk(parse({ url: 'mqtts://broker', username: 'a' }))
  t.ok(parse({ url: 'mqtts://broker', username: 'a', passwordFile: 'b' }))
  t.ok(parse({ url: 'mqtts://broker', cert: 'a', key: 'b' }))
  t.end()
})
