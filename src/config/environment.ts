import type { ConfigIssue } from './config-error.js'
import { configKeys, environmentName, type ConfigKey } from './describe-keys.js'
import { nearestWord } from './explain-issues.js'
import { mergeSections } from './merge-sections.js'
import type { YamlSection } from './read-yaml.js'

/** Variables of ours that name no key of the configuration. */
const RESERVED = new Set(['GENKAN_CONFIG'])

/** What the environment sets over the file. */
export interface EnvironmentOverrides {
  readonly section: YamlSection
  /** Dotted paths that were set. */
  readonly paths: ReadonlySet<string>
  readonly issues: readonly ConfigIssue[]
}

function valueOf(key: ConfigKey, text: string): unknown {
  if (key.nullable && text === 'null') return null
  switch (key.type) {
    case 'number':
      return text.trim() === '' || Number.isNaN(Number(text)) ? text : Number(text)
    case 'boolean':
      return text === 'true' ? true : text === 'false' ? false : text
    case 'list':
      return text === '' ? [] : text.split(',').map((part) => part.trim())
    case 'string':
      return text
  }
}

function nested(path: string, value: unknown): YamlSection {
  const [top, ...rest] = path.split('.')
  return { [top]: rest.length === 0 ? value : nested(rest.join('.'), value) }
}

/** Reads `GENKAN_<PATH>` variables; one that looks like a key but is none is an issue. */
export function readEnvironment(env: Readonly<NodeJS.ProcessEnv>): EnvironmentOverrides {
  const keyOf = new Map(configKeys.map((key) => [environmentName(key.path), key]))
  const sections = new Set(configKeys.map(({ path }) => path.split('.', 1)[0].toUpperCase()))
  let section: YamlSection = {}
  const paths = new Set<string>()
  const issues: ConfigIssue[] = []
  for (const [name, text] of Object.entries(env)) {
    if (!name.startsWith('GENKAN_') || RESERVED.has(name) || text === undefined) continue
    const key = keyOf.get(name)
    if (key) {
      const value = valueOf(key, text)
      section = mergeSections(section, nested(key.path, value))
      paths.add(key.path)
    } else if (sections.has(name.split('_')[1])) {
      const near = nearestWord(name, [...keyOf.keys()])
      issues.push({
        path: name,
        what: 'names no key of the configuration',
        cure: near === undefined ? 'remove the variable' : `did you mean ${near}?`,
      })
    }
  }
  return { section, paths, issues }
}
