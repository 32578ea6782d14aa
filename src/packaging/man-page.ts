import type { Command } from 'commander'

/** Escapes what troff would take for its own. */
function troff(text: string): string {
  return text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replace(/^([.'])/gm, '\\&$1')
}

function describeCommand(
  command: Command,
  path: string,
  isAbsent: (path: string) => boolean,
): string[] {
  if (isAbsent(path)) return []
  const usage = command.registeredArguments
    .map((argument) => {
      const name = `${argument.name()}${argument.variadic ? '…' : ''}`
      return argument.required ? `<${name}>` : `[${name}]`
    })
    .join(' ')
  const lines = ['.TP', `.B ${troff(`${path} ${usage}`.trim())}`, troff(command.description())]
  for (const option of command.options) {
    lines.push('.RS', '.TP', `.B ${troff(option.flags)}`, troff(option.description), '.RE')
  }
  return [
    ...lines,
    ...command.commands.flatMap((child) =>
      describeCommand(child, `${path} ${child.name()}`, isAbsent),
    ),
  ]
}

/**
 * The manual page genkan(1), made from the command line itself, so that neither says what the other
 * does not.
 * @param date day of the page, as YYYY-MM-DD
 * @param isAbsent whether a command, as it is typed, is left out
 */
export function manPage(
  program: Command,
  version: string,
  date: string,
  isAbsent: (path: string) => boolean = () => false,
): string {
  return [
    `.TH GENKAN 1 "${date}" "genkan ${version}" "User Commands"`,
    '.SH NAME',
    `genkan \\- ${troff(program.description())}`,
    '.SH SYNOPSIS',
    '.B genkan',
    '.I command',
    '[\\fIoptions\\fR]',
    '.SH DESCRIPTION',
    'genkan watches the camera of a door\\-entry kiosk, tells living people from pictures of them,',
    'recognises who is enrolled, and publishes each decision over MQTT.',
    '.SH COMMANDS',
    ...program.commands.flatMap((command) => describeCommand(command, command.name(), isAbsent)),
    '.SH FILES',
    '.TP',
    '.I /etc/genkan/genkan.yaml',
    'Configuration; \\fBgenkan config\\fR prints the documented example.',
    '.TP',
    '.I /etc/genkan/key',
    'Key of the store. Keep a copy of it off the board: without it the store is lost.',
    '.TP',
    '.I /var/lib/genkan',
    'The encrypted store.',
    '.TP',
    '.I /var/backups/genkan',
    'Nightly backups of fourteen days, encrypted with the same key.',
    '.SH EXIT STATUS',
    '0 success, 1 a fault of genkan or of its surroundings, 2 bad input.',
    '.SH SEE ALSO',
    'journalctl(1), systemctl(1), mosquitto_sub(1)',
    '',
  ].join('\n')
}
