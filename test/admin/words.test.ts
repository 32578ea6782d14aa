import t from 'tap'

import { en } from '../../src/admin/console/words/en.js'
import { ja } from '../../src/admin/console/words/ja.js'
import { PROBLEMS } from '../../src/admin/problems.js'
import { CHALLENGE_STEPS } from '../../src/liveness/challenge/draw.js'

interface Entry {
  readonly key: string
  readonly value: unknown
}

function entriesOf(value: unknown, key = ''): Entry[] {
  if (typeof value !== 'object' || value === null) return [{ key, value }]
  return Object.entries(value).flatMap(([name, below]) => entriesOf(below, `${key}.${name}`))
}

/** What a reader sees of an entry; functions are called with stand-ins that must show. */
function textOf(value: unknown): string {
  if (typeof value !== 'function') return String(value)
  const standIns = Array.from({ length: value.length }, (_, i) => `⟨${i}⟩`)
  return String((value as (...given: readonly string[]) => unknown)(...standIns))
}

const english = entriesOf(en)
const japanese = entriesOf(ja)

t.test('both languages have the same entries', (t) => {
  t.same(
    japanese.map(({ key }) => key),
    english.map(({ key }) => key),
  )
  t.ok(english.length > 300, `${english.length} entries`)
  t.end()
})

t.test('no entry is empty, and each says all it is given', (t) => {
  for (const { key, value } of [...english, ...japanese]) {
    const text = textOf(value)
    t.not(text.trim(), '', key)
    if (typeof value !== 'function') continue
    for (let i = 0; i < value.length; i++) t.match(text, `⟨${i}⟩`, key)
  }
  t.end()
})

t.test('the display knows every task of a challenge by its code', (t) => {
  t.same(Object.keys(en.kiosk.prompts).sort(), [...CHALLENGE_STEPS].sort())
  t.end()
})

t.test('every problem of the API is said in both languages, and no other', (t) => {
  const codes = Object.keys(PROBLEMS).sort()
  t.same(Object.keys(en.problems).sort(), codes)
  t.same(Object.keys(ja.problems).sort(), codes)
  t.end()
})

t.test('Japanese is Japanese', (t) => {
  const same = japanese.filter(({ value }, i) => value === english[i]?.value).map(({ key }) => key)
  t.same(
    same,
    [
      '.frame.api',
      '.decisions.exportCsv',
      '.decisions.exportNdjson',
      '.doors.actuators.webhook',
      '.system.p95',
    ],
    'only names that no language translates are the same',
  )
  t.end()
})
