import { EXIT_CODES, CommandError } from '../commands/command-error.js'
import { explain } from '../commands/explain.js'
import { buildProgram } from './program.js'

/** Runs a command line; what went wrong is told on standard error and by the process's exit code. */
export async function runProgram(words: readonly string[]): Promise<void> {
  try {
    await buildProgram().parseAsync(words, { from: 'user' })
  } catch (error) {
    process.stderr.write(`genkan: ${explain(error)}\n`)
    process.exitCode = EXIT_CODES[error instanceof CommandError ? error.kind : 'fault']
  }
}
