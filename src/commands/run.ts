import { relative } from 'node:path'
import { startDaemon } from '../daemon.js'
import type { Daemon } from '../daemon.js'
import { loadConfig } from '../config/load.js'
import { createLog } from '../log.js'
import { createServiceNotifier } from '../systemd-notify.js'
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
/** A net that hangs keeps a thread, and with it the process; nothing is left to lose by then. */
const EXIT_GRACE_MS = 3000

/**
 * Runs the daemon until SIGINT or SIGTERM.
 * @returns the exit code: 0 after a clean stop, 1 after a fault that was explained, 75 to be restarted
 */
export async function runCommand(options: RunOptions): Promise<number> {
  let daemon: Daemon
  let picture: string | undefined
  const service = createServiceNotifier({
    onFault: (message) => process.stderr.write(`${message}\n`),
  })
  try {
    const { config } = loadConfig({ configPath: options.config, board: options.board })
    const log = createLog(config.log)
    daemon = await startDaemon({ config, log, onAlive: () => service.alive() })
    if (config.camera.source === 'replay') picture = await writeReplayPicture(config.store.folder)
  } catch (error) {
    process.stderr.write(`genkan cannot start: ${explain(error)}\n`)
    return EXIT_FAULT
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
  await service.stopping()
  await daemon.stop()
  if (typeof why === 'object') {
    process.stderr.write(`genkan restarts: ${why.why}\n`)
    setTimeout(() => process.exit(EXIT_RESTART), EXIT_GRACE_MS).unref()
    return EXIT_RESTART
  }
  return why === 'asked' ? 0 : EXIT_FAULT
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
