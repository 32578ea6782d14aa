import fc from 'fast-check'
import t from 'tap'

import { allDoorsFilters, doorTopics } from '../../src/events/topics.js'

t.test('topics of a door', (t) => {
  t.strictSame(doorTopics('site/north/genkan', 'front-1'), {
    status: 'site/north/genkan/front-1/status',
    decision: 'site/north/genkan/front-1/decision',
    grant: 'site/north/genkan/front-1/grant',
    door: 'site/north/genkan/front-1/door',
    state: 'site/north/genkan/front-1/state',
    attempt: 'site/north/genkan/front-1/attempt',
    command: 'site/north/genkan/front-1/command',
    response: 'site/north/genkan/front-1/response',
  })
  t.strictSame(allDoorsFilters('genkan'), [
    'genkan/+/status',
    'genkan/+/decision',
    'genkan/+/grant',
    'genkan/+/door',
  ])
  t.end()
})

t.test('nothing can add a level, a wildcard or a system topic', (t) => {
  const bad = [
    '',
    '/',
    'a/',
    '/a',
    'a//b',
    '+',
    '#',
    'a/#',
    '$SYS',
    'a b',
    'ä',
    'a\0',
    'a\n',
    'x'.repeat(65),
  ]
  for (const text of bad) {
    t.throws(() => doorTopics(text, 'main'))
    t.throws(() => doorTopics('genkan', text))
  }
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (door) => {
      try {
        const { grant } = doorTopics('genkan', door)
        return /^genkan\/[\w-]{1,64}\/grant$/.test(grant)
      } catch {
        return true
      }
    }),
  )
  t.end()
})
