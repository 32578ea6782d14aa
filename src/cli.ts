#!/usr/bin/env node
import { Command } from 'commander'
import { addBenchCommands } from './cli/bench.js'
import { addDailyCommands } from './cli/daily.js'
import { addEvaluateCommands } from './cli/evaluate.js'
import { addLearningCommands } from './cli/learning.js'
import { addStoreCommands } from './cli/store.js'
import { withSetup } from './cli/with-setup.js'
import { EXIT_CODES, CommandError } from './commands/command-error.js'
import { explain } from './commands/explain.js'
import { version } from './version.js'

/** Commands load their own parts, so that `genkan --help` is there at once. */
function buildProgram(): Command {
  const program = new Command('genkan')
    .description('face access for door-entry kiosks')
    .version(version)
    .showHelpAfterError()
  for (const add of [
    addDailyCommands,
    addStoreCommands,
    addEvaluateCommands,
    addLearningCommands,
    addBenchCommands,
  ]) {
    add(program, withSetup)
  }
  return program
}

try {
  await buildProgram().parseAsync()
} catch (error) {
  process.stderr.write(`genkan: ${explain(error)}\n`)
  process.exitCode = EXIT_CODES[error instanceof CommandError ? error.kind : 'fault']
}
