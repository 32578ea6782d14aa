import { ApiProblem } from './api.js'
import { language, words } from './words.js'

/** Parts tell their causes and cures as bare clauses; people read sentences. */
export function sentence(text: string): string {
  const trimmed = text.trim()
  const closed = /[.!?。]$/.test(trimmed) ? trimmed : `${trimmed}.`
  return closed.charAt(0).toUpperCase() + closed.slice(1)
}

/**
 * What failed and what to do, for a person. The API's own words are English and say the most;
 * in another language the dictionary speaks, if it knows the code.
 */
export function problemText(error: unknown): string {
  if (!(error instanceof ApiProblem)) {
    return error instanceof Error ? sentence(error.message) : words.value.common.failed
  }
  if (error.status === 0) return words.value.common.unreachable
  const { code = '', cause, cure } = error.document
  const known: Readonly<Partial<Record<string, string>>> = words.value.problems
  const translated = known[code]
  if (language.value !== 'en' && translated !== undefined) return translated
  if (cause === undefined)
    return translated ?? `${words.value.common.failed} (HTTP ${error.status})`
  return [cause, cure]
    .filter((part) => part !== undefined)
    .map(sentence)
    .join(' ')
}
