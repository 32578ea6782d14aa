import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { spawnSync } from 'node:child_process'
import { join, resolve } from 'node:path'
import { detectBoard } from '../board/detect.js'
import { openBroker } from '../broker.js'
import { boardNames } from '../config/board.js'
import { exampleFile } from '../config/document.js'
import { loadConfig } from '../config/load.js'
import type { Config } from '../config/schema.js'
import { probeBroker } from '../events/probe-broker.js'
import { answerByDefault, askAnswers } from '../first-hour/ask.js'
import type { KnownAnswers } from '../first-hour/ask.js'
import { testCamera } from '../first-hour/camera-test.js'
import { replaceConfiguration } from '../first-hour/configuration-file.js'
import { settingsOf, withSettings } from '../first-hour/configuration-text.js'
import { kioskEnvironment } from '../first-hour/kiosk-environment.js'
import { runAsStoreUser } from '../first-hour/store-user.js'
import { CommandError } from './command-error.js'
import { explain } from './explain.js'

export interface FirstHourOptions extends KnownAnswers {
  readonly config: string
  /** Ask nothing. */
  readonly yes?: boolean
  /** Write the configuration although camera or broker do not answer. */
  readonly force?: boolean
  readonly testPicture?: string
  readonly person?: string
  readonly personPicture?: string
  readonly kiosk?: boolean
}

const PROBE_TIMEOUT_MS = 15_000
const KIOSK_FILE = '/etc/genkan/kiosk.env'

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}

function videoDevices(): string[] {
  if (existsSync('/dev/genkan-camera')) return ['/dev/genkan-camera']
  if (!existsSync('/dev')) return []
  return readdirSync('/dev')
    .filter((name) => /^video\d+$/.test(name))
    .sort()
    .map((name) => `/dev/${name}`)
}

/** Loads the text as the daemon would. @throws ConfigError that lists what is wrong */
function judgeConfiguration(path: string, text: string): Config {
  const draft = `${path}.draft`
  writeFileSync(draft, text, { mode: 0o600 })
  try {
    return loadConfig({ configPath: draft }).config
  } finally {
    rmSync(draft, { force: true })
  }
}

async function brokerFault(config: Config): Promise<string | undefined> {
  const broker = await openBroker(config.mqtt)
  try {
    const tookMs = await probeBroker(broker.options, AbortSignal.timeout(PROBE_TIMEOUT_MS))
    say(`broker   ${broker.url} answers in ${Math.round(tookMs)} ms`)
    return undefined
  } catch (error) {
    return explain(error)
  } finally {
    await broker.close()
  }
}

async function cameraFault(
  config: Config,
  picture: string | undefined,
): Promise<string | undefined> {
  const test = await testCamera(config, picture)
  if (test.outcome === 'no-picture') return `${test.cause}; ${test.cure}`
  const { widthPx, heightPx, faces } = test
  say(`camera   ${widthPx}x${heightPx}, ${faces} face(s) in the picture`)
  if (picture !== undefined)
    say(`         kept as ${picture}; delete it when you have looked at it`)
  return undefined
}

function systemctl(...args: string[]): boolean {
  if (!existsSync('/run/systemd/system')) return false
  return spawnSync('systemctl', args, { stdio: 'ignore' }).status === 0
}

/**
 * `genkan setup`: the first hour on a board. Board, camera, door, broker, console, first person,
 * display; each tested as it is answered. Writes nothing before camera and broker have answered.
 * @throws CommandError with the cure of what did not answer
 */
export async function firstHour(options: FirstHourOptions): Promise<void> {
  const path = resolve(options.config)
  const choices = {
    boards: boardNames(),
    detectedBoard: detectBoard()?.name,
    cameras: videoDevices(),
  }
  if (options.yes !== true && !process.stdin.isTTY) {
    throw new CommandError('bad-input', 'there is no terminal to ask at; give --yes and the flags')
  }
  const answers =
    options.yes === true ? answerByDefault(options, choices) : await askAnswers(options, choices)
  const text = withSettings(
    existsSync(path) ? readFileSync(path, 'utf8') : exampleFile(),
    settingsOf(answers),
  )
  const config = judgeConfiguration(path, text)
  say(
    `door     ${config.door.name} (${config.door.id}), board ${config.board ?? 'without profile'}`,
  )
  const faults = [
    ['camera', await cameraFault(config, options.testPicture)],
    ['broker', await brokerFault(config)],
  ] as const
  for (const [part, fault] of faults) {
    if (fault === undefined) continue
    if (options.force !== true) {
      throw new CommandError('fault', `${part}: ${fault}; nothing was written (--force writes it)`)
    }
    say(`${part.padEnd(8)} FAULT: ${fault}`)
  }
  replaceConfiguration(path, text)
  say(`written  ${path}`)
  const folder = resolve(config.store.folder)
  const store: StoreCommand = (...args) => {
    const { ok, said } = runAsStoreUser([...args, '--config', path], folder)
    if (!ok) throw new CommandError('fault', `genkan ${args[0] ?? ''}: ${said}`)
    return said
  }
  setUpStore(options, store)
  if (systemctl('restart', 'genkan.service')) say('restarted genkan.service')
  else say(`start it with: genkan run --config ${path}`)
  // After the daemon, which makes its certificate when it starts.
  if (options.kiosk === true) setUpKiosk(config, folder, store)
}

/** Runs a genkan command as the store's user. @returns what it said @throws CommandError */
type StoreCommand = (...args: string[]) => string

function setUpStore(options: FirstHourOptions, store: StoreCommand): void {
  say(
    `console  token for the console, shown this once: ${store('token', 'add', 'setup', '--role', 'admin')}`,
  )
  if (options.person !== undefined && options.personPicture !== undefined) {
    say(`person   ${store('enroll', options.person, options.personPicture)}`)
  }
}

/** The id of the token that the display had before, which its new one replaces. */
function formerDisplayToken(): string | undefined {
  if (!existsSync(KIOSK_FILE)) return undefined
  return /#token=genkan_([0-9A-Z]{26})_/.exec(readFileSync(KIOSK_FILE, 'utf8'))?.[1]
}

function setUpKiosk({ admin }: Config, storeFolder: string, store: StoreCommand): void {
  const token = store('token', 'add', 'kiosk display', '--role', 'kiosk')
  const certificate = admin.tls.cert ?? join(storeFolder, 'genkan.tls.pem')
  const isThere = existsSync(certificate)
  const text = kioskEnvironment(
    admin,
    token,
    isThere ? readFileSync(certificate, 'utf8') : undefined,
  )
  if (!existsSync('/etc/genkan')) {
    say(`kiosk    ${text.trim()}`)
    return
  }
  const former = formerDisplayToken()
  writeFileSync(KIOSK_FILE, text, { mode: 0o600 })
  const isOn =
    systemctl('enable', 'genkan-kiosk.service') && systemctl('restart', 'genkan-kiosk.service')
  const isInStore = former !== undefined && store('token', 'list').includes(former)
  if (isInStore) store('token', 'revoke', former)
  say(`kiosk    ${isOn ? 'display is on' : `wrote ${KIOSK_FILE}; enable genkan-kiosk.service`}`)
}
