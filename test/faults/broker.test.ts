import { createServer, connect as connectSocket, type AddressInfo, type Socket } from 'node:net'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { connect } from 'mqtt'
import t from 'tap'

import { assetPath } from '../../src/models/registry.js'
import { openStore } from '../../src/store/store.js'
import {
  createAuthority,
  noMosquitto,
  noOpenssl,
  passwordFile,
  startMosquitto,
} from '../events/mosquitto.js'
import { startReader, type Reader } from '../events/reader.js'
import {
  brokerOf,
  EAGER,
  enrolMan,
  FULL,
  isCaughtUp,
  newHome,
  pause,
  rounds,
  startDaemon,
  until,
  type RunningDaemon,
  type Test,
} from './running-daemon.js'

/** Long enough for decisions to be late. */
const OUTAGE_MS = rounds(5500, 60_000)
/** A back-off of 30 s, and what waits. */
const CATCH_UP_MS = 90_000
const CAMERA = { GENKAN_CAMERA_SOURCE: 'file', GENKAN_CAMERA_PATH: assetPath('franck.mp4') }
const GRANT_LIFE_MS = 3000

/** A wire that can be cut in the meanest way: nobody is told, and nothing goes through. */
async function startWire(t: Test, toPort: number) {
  const sockets = new Set<Socket>()
  let isDead = false
  const server = createServer((near) => {
    const far = connectSocket(toPort, '127.0.0.1')
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(socket)
      socket.on('data', (bytes) => {
        if (!isDead) other.write(bytes)
      })
      socket.on('error', () => undefined)
      socket.on('close', () => {
        sockets.delete(socket)
        if (!isDead) other.destroy()
      })
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return {
    port: (server.address() as AddressInfo).port,
    kill() {
      isDead = true
    },
    /** What was lost stays lost; the ends find out by themselves. */
    mend() {
      isDead = false
      for (const socket of sockets) socket.resetAndDestroy()
    },
  }
}

/** A door controller: notes whether a grant reaches it after its life, or twice. */
function watchGrants(reader: Reader) {
  const wrong: string[] = []
  let seen = 0
  let last = 0
  const look = () => {
    const grants = reader.of('grant')
    for (; seen < grants.length; seen++) {
      const { json, packet } = grants[seen]
      if (packet.retain) wrong.push('retained')
      if (Date.now() >= Date.parse(String(json['expiresAt']))) wrong.push('late')
      if (!(Number(json['sequence']) > last)) wrong.push('repeated')
      last = Number(json['sequence'])
    }
  }
  const timer = setInterval(look, 10)
  return {
    wrong,
    count: () => seen,
    stop() {
      clearInterval(timer)
      look()
    },
  }
}

const degraded = (daemon: RunningDaemon, cause: RegExp) => async (): Promise<boolean> => {
  const { state } = await brokerOf(daemon)
  return state.name === 'degraded' && cause.test(state.cause ?? '') && (state.cure ?? '') !== ''
}

t.test(
  'a broker that is killed, forgets its sessions or hangs',
  { skip: noMosquitto, timeout: 1_200_000 },
  async (t) => {
    const broker = await startMosquitto(t, ['allow_anonymous true', 'persistence false'])
    const reader = await startReader(t, broker.port)
    const controller = watchGrants(reader)
    const wire = await startWire(t, broker.port)
    const home = newHome(t)
    const daemon = await startDaemon(t, home, {
      ...EAGER,
      ...CAMERA,
      GENKAN_DECISION_GRANT_LIFE_MS: String(GRANT_LIFE_MS),
      GENKAN_MQTT_URL: `mqtt://127.0.0.1:${wire.port}`,
      GENKAN_MQTT_KEEPALIVE_SECONDS: '5',
      GENKAN_MQTT_CONNECT_TIMEOUT_MS: '3000',
      GENKAN_MQTT_WAIT_FOR_READER: 'true',
    })
    await enrolMan(daemon)

    type Fault = [string, RegExp, () => Promise<void> | void, () => Promise<void> | void]
    const silent = /did not answer|does not answer|no answer/
    const faults: Fault[] = [
      ['killed', /nothing listens|closed|cut/, () => broker.stop('SIGKILL'), () => broker.start()],
      ['hung', silent, () => broker.freeze(), () => broker.thaw()],
    ]
    // Otherwise left to the next test and `events/publisher`, and to `events/grant`.
    if (FULL) {
      faults.push(
        [
          'stopped',
          /nothing listens|closed|cut|shutting down/,
          () => broker.stop(),
          () => broker.start(),
        ],
        ['dead wire', silent, () => wire.kill(), () => wire.mend()],
      )
    }
    for (const [what, cause, begin, end] of faults) {
      const heard = controller.count()
      await until(() => controller.count() > heard, 'a grant before the fault', CATCH_UP_MS)
      await begin()
      const decided = daemon.decisions().length
      await until(degraded(daemon, cause), `health to tell of the broker: ${what}`)
      await until(() => daemon.decisions().length > decided, `${what}: the door to go on deciding`)
      await pause(OUTAGE_MS)
      t.ok((await brokerOf(daemon)).waiting > 0, `${what}: decisions wait`)
      await end()
      await until(() => isCaughtUp(daemon), `the outbox to be handed over: ${what}`, CATCH_UP_MS)
    }
    t.equal(await daemon.kill('SIGINT'), 0)
    await until(() => reader.of('status').at(-1)?.json['state'] === 'offline', 'the last word')
    controller.stop()

    const store = openStore({ folder: join(home.folder, 'data'), nowMs: Date.now })
    t.teardown(() => store.close())
    t.strictSame(
      daemon.decisions().filter((id) => !reader.decisionIds().includes(id)),
      [],
      'every decision shown reached the reader',
    )
    t.equal(store.outbox.stats().pending, 0)
    t.equal(reader.decisionIds().length, store.decisions.count(), 'and nothing else did')
    t.strictSame(reader.decisionIds(), daemon.decisions(), 'in order')
    t.strictSame(controller.wrong, [], 'no grant came late, twice or retained')
    const decisions = reader.of('decision').map(({ json }) => json)
    t.ok(decisions.filter(({ late }) => late === true).length >= faults.length, 'late ones say so')
    t.comment(
      `${faults.length} outages of ${OUTAGE_MS / 1000} s: ${store.decisions.count()} decisions, ` +
        `${decisions.filter(({ late }) => late === true).length} late, ` +
        `${decisions.length - store.decisions.count()} repeats, ${controller.count()} grants heard`,
    )
  },
)

/** Files of a broker with TLS and a login. */
const SECURE = [
  'allow_anonymous false',
  'password_file {folder}/passwd',
  'certfile {folder}/server.pem',
  'keyfile {folder}/server.key',
]

t.test(
  'an expired certificate, then a wrong password, each mended while the daemon runs',
  { skip: noOpenssl, timeout: 300_000 },
  async (t) => {
    const authority = createAuthority(t)
    const expired = authority.sign('localhost', -1)
    const broker = await startMosquitto(t, SECURE, {
      passwd: passwordFile('door', 'right pass'),
      'ca.pem': authority.ca,
      'server.pem': expired.cert,
      'server.key': expired.key,
    })
    const home = newHome(t)
    const secret = join(home.folder, 'password')
    writeFileSync(secret, 'wrong pass\n', { mode: 0o600 })
    const daemon = await startDaemon(t, home, {
      ...EAGER,
      ...CAMERA,
      GENKAN_MQTT_URL: `mqtts://localhost:${broker.port}`,
      GENKAN_MQTT_CA: join(broker.folder, 'ca.pem'),
      GENKAN_MQTT_USERNAME: 'door',
      GENKAN_MQTT_PASSWORD_FILE: secret,
      GENKAN_MQTT_COMMANDS_ALLOW: 'open',
    })
    await enrolMan(daemon)
    await until(degraded(daemon, /certificate has expired/), 'the expired certificate')
    await until(() => daemon.decisions().length > 0, 'a decision all the same')
    t.ok((await brokerOf(daemon)).waiting > 0)

    const renewed = authority.sign('localhost', 2)
    writeFileSync(join(broker.folder, 'server.pem'), renewed.cert)
    writeFileSync(join(broker.folder, 'server.key'), renewed.key)
    await broker.stop()
    await broker.start()
    await until(degraded(daemon, /refuses user name or password/), 'the wrong password')
    t.notMatch(daemon.log(), /(wrong|right) pass/, 'no password in the log')

    const desk = connect(`mqtts://localhost:${broker.port}`, {
      protocolVersion: 5,
      username: 'door',
      password: 'right pass',
      ca: authority.ca,
    })
    t.teardown(() => desk.endAsync(true))
    const heard: string[] = []
    desk.on('message', (topic) => heard.push(topic))
    await desk.subscribeAsync('genkan/#', { qos: 1 })
    const command = { id: 'of-the-past', issuedAt: new Date(Date.now() - 3_600_000).toISOString() }
    const send = (payload: string | Buffer, retain = false) =>
      desk.publishAsync('genkan/front/command/open', payload, { qos: 1, retain })
    await send(JSON.stringify(command), true)
    writeFileSync(secret, 'right pass\n')
    await until(() => isCaughtUp(daemon), 'the mended password', CATCH_UP_MS)
    t.ok(heard.includes('genkan/front/decision'), 'what waited came')

    await send(Buffer.alloc(40_000, 0x20))
    await send(`${'{"a":'.repeat(500)}1${'}'.repeat(500)}`)
    await send('{"id":7,"issuedAt":[],"reason":{}}')
    await send(JSON.stringify({ ...command, id: 'stale-command' }))
    await send(Buffer.from([0xff, 0xfe, 0x00]))
    const expected = {
      retained: 1,
      'too-large': 1,
      'too-deep': 1,
      'not-valid': 1,
      stale: 1,
      'not-json': 1,
    }
    await until(async () => {
      const { refused } = await brokerOf(daemon)
      return Object.entries(expected).every(([reason, count]) => refused[reason] === count)
    }, 'each hostile message to be counted with its reason')
    const named = await daemon.api('POST', 'api/persons', { name: 'genkan/front/grant/#/+' })
    t.ok([201, 400, 422].includes(named.status))
    await pause(500)
    t.strictSame(
      heard.filter(
        (topic) =>
          !/^genkan\/front\/(status|state|decision|grant|command\/open|response|door)$/.test(topic),
      ),
      [],
      'nothing was said elsewhere',
    )
    t.equal(heard.filter((topic) => topic.endsWith('/door')).length, 0, 'no door was moved')
    t.equal(await daemon.kill('SIGINT'), 0)
  },
)
