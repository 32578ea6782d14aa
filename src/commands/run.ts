import { relative } from 'node:path'
import type { Daemon } from '../daemon.js'
import type { Health } from '../events/messages.js'
import type { FfmpegFinder } from '../capture/find-ffmpeg.js'
import { loadConfig } from '../config/load.js'
import { createLog } from '../log.js'
import { startDaemon } from '../start-daemon.js'
import { createServiceNotifier, type ServiceNotifier } from '../systemd-notify.js'
import { writeReplayPicture } from '../replay-picture.js'
import { explain } from './explain.js'

export interface RunOptions {
  readonly config?: string
  readonly board?: string
}

/** Exit code of a daemon that could not start or had to stop. */
const EXIT_FAULT = 1
/** Exit code of a daemon that wants to be started anew (EX_TEMPFAIL of sysexits.h). */
const EXIT_RESTART = 75
/** The service manager's patience (`TimeoutStartSec`) is three times this. */
const SLOW_START_MS = 30_000
/** Less than the service manager's `TimeoutStopSec`. What is decided is on disk long before. */
const STOP_DEADLINE_MS = 12_000
/** A net that hangs keeps a thread, and with it the process; nothing is left to lose by then. */
const EXIT_GRACE_MS = 3000

/** Ends the process though something keeps it, once the time is over. */
function exitWithin(ms: number, code: number): void {
  setTimeout(() => process.exit(code), ms).unref()
}

/** Names the part that is being started: to the service manager, and aloud when it takes long. */
function followStart(service: ServiceNotifier) {
  let what = 'reading the configuration'
  const timer = setInterval(() => {
    process.stderr.write(
      `genkan is still ${what} after ${Math.round(process.uptime())} s; ` +
        'see what else keeps this machine busy (top, dmesg)\n',
    )
  }, SLOW_START_MS)
  return {
    onStarting(next: string): void {
      what = next
      service.status(`starting: ${next}`)
    },
    over: () => clearInterval(timer),
  }
}

/**
 * Runs the daemon until SIGINT or SIGTERM.
 * @param findBinary which FFmpeg to use, asked for early
 * @returns the exit code: 0 after a clean stop, 1 after a fault that was explained, 75 to be restarted
 */
export async function runCommand(options: RunOptions, findBinary?: FfmpegFinder): Promise<number> {
  let daemon: Daemon
  let picture: string | undefined
  const service = createServiceNotifier({
    onFault: (message) => process.stderr.write(`${message}\n`),
  })
  const start = followStart(service)
  try {
    const { config } = loadConfig({ configPath: options.config, board: options.board })
    const log = await createLog(config.log)
    const isSupervised = process.env['NOTIFY_SOCKET'] !== undefined
    daemon = await startDaemon({
      config,
      log,
      isSupervised,
      ...(findBinary === undefined ? {} : { findBinary }),
      onStarting: (what) => start.onStarting(what),
      onAlive: () => service.alive(),
      onHealth: (health) => service.status(describeStatus(health)),
    })
    if (config.camera.source === 'replay') picture = await writeReplayPicture(config.store.folder)
  } catch (error) {
    process.stderr.write(`genkan cannot start: ${explain(error)}\n`)
    exitWithin(EXIT_GRACE_MS, EXIT_FAULT)
    return EXIT_FAULT
  } finally {
    start.over()
  }
  service.ready(`console at ${daemon.consoleUrl}`)
  process.stdout.write(describeStart(daemon, picture))
  const asked = new Promise<'asked'>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const)
      process.once(signal, () => resolve('asked'))
  })
  const why = await Promise.race([
    asked,
    daemon.ended.then(() => 'ended' as const),
    daemon.restartWanted.then((why) => ({ why })),
  ])
  const code = why === 'asked' ? 0 : why === 'ended' ? EXIT_FAULT : EXIT_RESTART
  exitWithin(STOP_DEADLINE_MS, code)
  if (typeof why === 'object') process.stderr.write(`genkan restarts: ${why.why}\n`)
  await service.stopping()
  await daemon.stop()
  exitWithin(EXIT_GRACE_MS, code)
  return code
}

/** One line for `systemctl status`. */
function describeStatus(health: Health): string {
  return health.state === 'online'
    ? 'watching the door'
    : `degraded: ${health.cause}; ${health.cure}`
}

function describeStart(
  { consoleUrl, brokerUrl, newToken }: Daemon,
  picture: string | undefined,
): string {
  const lines = ['', 'genkan is watching the door.', '']
  if (newToken === undefined) {
    lines.push(`  console  ${consoleUrl}  (sign in with the token of the first start)`)
  } else {
    lines.push(
      `  console  ${consoleUrl}#token=${newToken}`,
      `  token    ${newToken}`,
      '           shown this once; keep it',
    )
  }
  if (picture !== undefined) {
    lines.push(
      '  enrol    the first man of the replay, by a click in the console or by',
      `           curl -H 'Authorization: Bearer ${newToken ?? 'TOKEN'}' -F name='First man' \\`,
      `             -F picture=@${relative('', picture)} ${consoleUrl}api/persons`,
    )
  }
  lines.push(
    `  events   npx genkan events --url ${brokerUrl}`,
    `           mosquitto_sub -L ${brokerUrl}/genkan/# -v`,
    '  stop     Ctrl-C',
    '',
    '',
  )
  return lines.join('\n')
}
