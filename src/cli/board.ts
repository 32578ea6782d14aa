import type { Command } from 'commander'
import type { BoardOptions } from '../commands/board.js'
import type { WithSetup } from './with-setup.js'

/** Commands for whoever puts genkan on a board. */
export function addBoardCommands(program: Command, _withSetup: WithSetup): void {
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
}
