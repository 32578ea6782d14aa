#!/usr/bin/env node
import { surviveClosedOutput } from './cli/closed-output.js'
import { buildProgram } from './cli/program.js'
import { EXIT_CODES, CommandError } from './commands/command-error.js'
import { explain } from './commands/explain.js'

surviveClosedOutput(process.argv[2])
try {
  await buildProgram().parseAsync()
} catch (error) {
  process.stderr.write(`genkan: ${explain(error)}\n`)
  process.exitCode = EXIT_CODES[error instanceof CommandError ? error.kind : 'fault']
}
