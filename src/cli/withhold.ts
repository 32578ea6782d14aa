import { Help, type Command } from 'commander'

/** What whoever asks for such a command on a board is told. */
export const NOT_ON_A_BOARD =
  'a board has not this command, which trains or measures with labelled data or other servers; run it in a checkout of genkan'

function tellInHelp(command: Command): void {
  command.configureHelp({ formatHelp: () => `${NOT_ON_A_BOARD}\n` })
  command.commands.forEach(tellInHelp)
}

/**
 * Leaves commands out of the list of a program, says under it where they are, and so does their own help.
 * They can still be asked for: what is there in place of each says the same.
 * @param names of the program's own commands or groups
 */
export function withholdCommands(program: Command, names: readonly string[]): void {
  if (names.length === 0) return
  program.configureHelp({
    visibleCommands: (command) =>
      new Help().visibleCommands(command).filter((child) => !names.includes(child.name())),
  })
  program.addHelpText(
    'after',
    '\nCommands that train, or measure with labelled data or other servers, are in a checkout of genkan.',
  )
  for (const command of program.commands) {
    if (names.includes(command.name())) tellInHelp(command)
  }
}
