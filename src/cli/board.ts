import type { Command } from 'commander'
import type { BoardOptions } from '../commands/board.js'
import type { FirstHourOptions } from '../commands/first-hour.js'
import type { TuneOptions } from '../commands/tune.js'
import type { TokenAddOptions, TokenOptions } from '../commands/token.js'
import type { UpdateInstallOptions, UpdateOptions } from '../commands/update.js'
import type { WithSetup } from './with-setup.js'

/** Commands for whoever puts genkan on a board. */
export function addBoardCommands(program: Command, withSetup: WithSetup): void {
  const board = program.command('board').description('the board under genkan: firmware-config/')
  const withRoot = (command: Command) =>
    command
      .option('--root <folder>', 'root of the system, such as a mounted image', '/')
      .option('--json', 'print JSON')
  withRoot(board.command('detect'))
    .description('say which profile fits this board: exit code 1 where none does')
    .action(async (options: BoardOptions) => {
      const { detect } = await import('../commands/board.js')
      process.exitCode = detect(options)
    })
  withRoot(board.command('show [name]'))
    .description("a profile's facts: pins, notes, files, configuration")
    .action(async (name: string | undefined, options: BoardOptions) => {
      const { show } = await import('../commands/board.js')
      show(name, options)
    })
  withRoot(board.command('apply [name]'))
    .description('lay udev names, power settings and overlays; twice is as once')
    .option('--dry-run', 'print exactly what would change, and change nothing')
    .action(async (name: string | undefined, options: BoardOptions) => {
      const { apply } = await import('../commands/board.js')
      apply(name, options)
    })
  withRoot(board.command('revert'))
    .description('put everything back as it was before the first apply')
    .action(async (options: BoardOptions) => {
      const { revert } = await import('../commands/board.js')
      revert(options)
    })

  program
    .command('setup')
    .description('the first hour: board, camera, door, broker, console, first person, display')
    .option(
      '-c, --config <file>',
      'configuration to write',
      process.env['GENKAN_CONFIG'] ?? 'genkan.yaml',
    )
    .option('-y, --yes', 'ask nothing; what no flag says takes its default')
    .option('--board <name>', 'board profile of firmware-config/; detected if not given')
    .option('--door-name <name>', 'name of the door for people')
    .option('--door-id <id>', 'id of the door in topics; made of its name if not given')
    .option('--camera <camera>', 'replay, /dev/video0, rtsp://…, http://….mjpg or file:PATH')
    .option('--mqtt-url <url>', 'broker; one on this board only if not given')
    .option('--host <address>', 'address that the console listens at')
    .option('--test-picture <file>', "keep the camera's test picture there")
    .option('--person <name>', 'first person to enrol')
    .option('--person-picture <file>', 'picture of that person')
    .option('--kiosk', "give the door's display its token and switch it on")
    .option('--force', 'write it although camera or broker do not answer')
    .action(async (options: FirstHourOptions) => {
      const { firstHour } = await import('../commands/first-hour.js')
      await firstHour(options)
    })

  withSetup(program.command('tune'))
    .description('measure threads and execution providers on this board, and write the best')
    .option('--frames <count>', 'frames a setting', '150')
    .option('--write', 'write it into the configuration file')
    .option('--json', 'print one JSON object')
    .action(async (options: TuneOptions) => {
      const { tune } = await import('../commands/tune.js')
      await tune(options)
    })

  const token = program.command('token').description('who may use console and API')
  withSetup(token.command('add <label>'))
    .description('make a token and print it, this once')
    .option('--role <role>', 'admin, enroller, viewer or kiosk', 'admin')
    .option('--json', 'print JSON')
    .action(async (label: string, options: TokenAddOptions) => {
      const { addToken } = await import('../commands/token.js')
      await addToken(label, options)
    })
  withSetup(token.command('list'))
    .description('labels, roles and last use')
    .option('--json', 'print JSON')
    .action(async (options: TokenOptions) => {
      const { listTokens } = await import('../commands/token.js')
      listTokens(options)
    })
  withSetup(token.command('revoke <id>'))
    .description('take a token back')
    .action(async (id: string, options: TokenOptions) => {
      const { revokeToken } = await import('../commands/token.js')
      revokeToken(id, options)
    })

  const update = program.command('update').description('signed releases, on trial, with a way back')
  const withFolder = (command: Command) =>
    withSetup(command).option(
      '--folder <folder>',
      'where versions stand',
      '/var/lib/genkan-releases',
    )
  withFolder(update.command('install <manifest>'))
    .description('verify a release, run it on trial, keep it if it is healthy within two minutes')
    .option('--key <file>', 'public key of whoever may release', '/etc/genkan/release.pub')
    .action(async (manifest: string, options: UpdateInstallOptions) => {
      const { installUpdate } = await import('../commands/update.js')
      await installUpdate(manifest, options)
    })
  withFolder(update.command('confirm'))
    .description('end a trial that a power cut left open; at every start of the board')
    .action(async (options: UpdateOptions) => {
      const { confirmUpdate } = await import('../commands/update.js')
      await confirmUpdate(options)
    })
  withFolder(update.command('rollback'))
    .description('go back to the version before the trial')
    .action(async (options: UpdateOptions) => {
      const { rollBackUpdate } = await import('../commands/update.js')
      rollBackUpdate(options)
    })
  withFolder(update.command('status'))
    .description('say which version runs')
    .option('--json', 'print JSON')
    .action(async (options: UpdateOptions) => {
      const { updateStatus } = await import('../commands/update.js')
      updateStatus(options)
    })
  update
    .command('sign <version> <packages...>')
    .description('for whoever releases: write the manifest of packages and its signature')
    .requiredOption('--key <file>', 'Ed25519 private key (openssl genpkey -algorithm ed25519)')
    .option('--out <file>', 'manifest to write', 'release.json')
    .action(async (release: string, packages: string[], options: { key: string; out: string }) => {
      const { signRelease } = await import('../commands/update.js')
      signRelease(release, packages, options)
    })
}
