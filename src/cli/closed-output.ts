/** What must not stop halfway because nobody reads on: a door, a version on trial, a store on its way. */
const FINISHED_UNREAD = new Set(['run', 'setup', 'update', 'restore', 'rotate-key'])

/**
 * Lets a command end quietly, with the exit code it has by then, once the reader of its output has gone, as
 * `head` does; a command that must be finished goes on without a word. Any other fault of standard output or
 * standard error, such as a full disk, is thrown.
 * @param command name of the command, without its options
 */
export function surviveClosedOutput(command: string | undefined): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE' && error.code !== 'ERR_STREAM_DESTROYED') throw error
      if (command === undefined || !FINISHED_UNREAD.has(command)) process.exit()
    })
  }
}
