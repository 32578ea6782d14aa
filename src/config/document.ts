import { readFileSync, realpathSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { stringify } from 'yaml'
import { configKeys, environmentName, type ConfigKey } from './describe-keys.js'

/** What the README's generated part stands between. */
export const TABLE_BEGIN = '<!-- config:begin -->'
export const TABLE_END = '<!-- config:end -->'

function presetText(key: ConfigKey): string {
  if (key.required) return '*needed*'
  return key.preset === undefined ? '' : `\`${JSON.stringify(key.preset).replaceAll('"', '')}\``
}

function describe(key: ConfigKey): string {
  const only = key.sources.length > 0 ? `(${key.sources.join(', ')}) ` : ''
  return `${only}${key.description}`.replaceAll('|', '\\|')
}

/** The configuration's keys as a Markdown table, for the README. */
export function configTable(): string {
  const rows = configKeys.map((key) => {
    const cells = [`\`${key.path}\``, presetText(key), key.allowed, describe(key)]
    return `| ${cells.join(' | ')} |`
  })
  return ['| Key | Default | Values | Meaning |', '| --- | --- | --- | --- |', ...rows].join('\n')
}

/** @param indent of the whole line; a key of a deeper section is indented behind the sign */
function exampleLine(key: ConfigKey, indent: string, inner = ''): string[] {
  const name = key.path.split('.').at(-1) ?? key.path
  const values = key.allowed === 'text' ? '' : ` ${key.allowed.replaceAll('`', '')}.`
  const comment = `${indent}# ${describe(key).replaceAll('`', '')}${values}`
  const value =
    key.preset === undefined ? '' : ` ${stringify(key.preset, { collectionStyle: 'flow' }).trim()}`
  return [comment, `${indent}#${inner}${name}:${value}`]
}

/** A configuration file in which every key is explained and commented out at its default. */
export function exampleFile(): string {
  const lines = [
    '# genkan reads this file as genkan.yaml from its working folder, or by --config or GENKAN_CONFIG.',
    '# Every key may be left out; what stands here, commented out, is the default.',
    `# A variable of the environment goes first, such as ${environmentName('mqtt.url')} for mqtt.url.`,
  ]
  let section = ''
  let subsection = ''
  for (const key of configKeys) {
    const parts = key.path.split('.')
    const [top, middle] = parts
    if (parts.length === 1) {
      lines.push('', ...exampleLine(key, ''))
      continue
    }
    if (top !== section) lines.push('', `${top}:`)
    section = top
    const below = parts.length === 2 ? '' : `${top}.${middle}`
    if (below !== '' && below !== subsection) lines.push(`  #${middle}:`)
    subsection = below
    lines.push(...exampleLine(key, '  ', below === '' ? '' : '  '))
  }
  return `${lines.join('\n')}\n`
}

/**
 * A text with the part between the markers replaced by the configuration table.
 * @throws Error when the markers are not both there, in order
 */
export function withConfigTable(text: string): string {
  const begin = text.indexOf(TABLE_BEGIN)
  const end = text.indexOf(TABLE_END)
  if (begin < 0 || end < begin) {
    throw new Error(`put ${TABLE_BEGIN} and ${TABLE_END} where the table belongs`)
  }
  const before = text.slice(0, begin + TABLE_BEGIN.length)
  // The formatter would pad every cell to the widest.
  const table = `<!-- prettier-ignore-start -->\n${configTable()}\n<!-- prettier-ignore-end -->`
  return `${before}\n\n${table}\n\n${text.slice(end)}`
}

function main(args: readonly string[]): void {
  const [command, path] = args
  if (command === '--write' && path) {
    writeFileSync(path, withConfigTable(readFileSync(path, 'utf8')))
  } else if (command === '--example') {
    process.stdout.write(exampleFile())
  } else {
    process.stderr.write('usage: document.js --write README.md | --example\n')
    process.exitCode = 2
  }
}

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  main(process.argv.slice(2))
}
