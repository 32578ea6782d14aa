import type { z } from 'zod'
import type { ConfigIssue } from './config-error.js'
import { configKeys, environmentName } from './describe-keys.js'

type ZodIssue = z.core.$ZodIssue

/** Edits (insert, delete, replace) that turn one word into another (Levenshtein 1966). */
function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, i) => i)
  for (let i = 1; i <= from.length; i++) {
    const next = [i]
    for (let j = 1; j <= to.length; j++) {
      const replaced = row[j - 1] + (from[i - 1] === to[j - 1] ? 0 : 1)
      next[j] = Math.min(row[j] + 1, next[j - 1] + 1, replaced)
    }
    row = next
  }
  return row[to.length]
}

function namesUnder(section: string): string[] {
  const prefix = section === '' ? '' : `${section}.`
  const below = configKeys.filter(({ path }) => path.startsWith(prefix))
  return [...new Set(below.map(({ path }) => path.slice(prefix.length).split('.', 1)[0]))]
}

/** The known word nearest to a mistyped one, if one is near. */
export function nearestWord(word: string, known: readonly string[]): string | undefined {
  const short = word.slice(0, 64)
  const ranked = known
    .map((name) => ({ name, edits: editDistance(short.toLowerCase(), name.toLowerCase()) }))
    .sort((a, b) => a.edits - b.edits)
  return ranked.length > 0 && ranked[0].edits <= Math.max(2, short.length / 3)
    ? ranked[0].name
    : undefined
}

function unknownKey(section: string, key: string): ConfigIssue {
  const shown = key.slice(0, 64)
  const path = section === '' ? shown : `${section}.${shown}`
  const elsewhere = configKeys.filter((known) => known.path === path && known.sources.length > 0)
  if (elsewhere.length > 0) {
    const sources = elsewhere.flatMap((known) => known.sources).join(', ')
    return {
      path,
      what: 'does not belong to this camera.source',
      cure: `remove it, or set camera.source to one of ${sources}`,
    }
  }
  const names = namesUnder(section)
  const near = nearestWord(shown, names)
  return {
    path,
    what: 'is not a key of the configuration',
    cure: near === undefined ? `use one of ${names.join(', ')}` : `did you mean ${near}?`,
  }
}

function cureFor(path: string): string {
  const key = configKeys.find((known) => known.path === path)
  if (!key) {
    const names = namesUnder(path)
    return names.length > 0
      ? `write a section with some of ${names.join(', ')}`
      : 'see the table of the README'
  }
  return key.allowed === 'text'
    ? `set it: ${key.description}`
    : `set it to ${key.allowed.replaceAll('`', '')}`
}

/**
 * Says what is wrong with a configuration in words for whoever wrote it.
 * @param overridden paths whose value came from the environment
 */
export function explainIssues(
  issues: readonly ZodIssue[],
  overridden: ReadonlySet<string> = new Set(),
): ConfigIssue[] {
  return issues.flatMap((issue) => {
    const path = issue.path.map(String).join('.')
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.slice(0, 10).map((key) => unknownKey(path, key))
    }
    const known = configKeys.find((key) => key.path === path || path.startsWith(`${key.path}.`))
    const origin = overridden.has(path) ? ` (from ${environmentName(path)})` : ''
    const what = issue.message.replace(/^Invalid input: /, '')
    return [
      {
        path: path === '' ? 'file' : path,
        what: `${what}${origin}`,
        cure: cureFor(known?.path ?? path),
      },
    ]
  })
}
