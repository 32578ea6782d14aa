import { Command } from 'commander'
import { version } from '../version.js'
import { addBenchCommands } from './bench.js'
import { addBoardCommands } from './board.js'
import { addDailyCommands } from './daily.js'
import { addEvaluateCommands } from './evaluate.js'
import { addFleetCommands } from './fleet.js'
import { addLearningCommands } from './learning.js'
import { addSeeCommand } from './see.js'
import { addStoreCommands } from './store.js'
import { addStyleCommands } from './style.js'
import { WITHHELD_COMMANDS } from './withheld-commands.js'
import { withholdCommands } from './withhold.js'
import { withSetup } from './with-setup.js'

/**
 * The whole command line. Commands load their own parts, so that `genkan --help` is there at once.
 * @param withheld commands that its help leaves out
 */
export function buildProgram(withheld: readonly string[] = WITHHELD_COMMANDS): Command {
  const program = new Command('genkan')
    .description('face access for door-entry kiosks')
    .version(version)
    .showHelpAfterError()
  for (const add of [
    addDailyCommands,
    addStoreCommands,
    addFleetCommands,
    addEvaluateCommands,
    addLearningCommands,
    addBenchCommands,
    addStyleCommands,
    addSeeCommand,
    addBoardCommands,
  ]) {
    add(program, withSetup)
  }
  withholdCommands(program, withheld)
  return program
}
