import fc from 'fast-check'
import t from 'tap'

import { eventLine } from '../../src/events/print-events.js'
import { grantedDecision } from '../store/samples.js'

t.test('no payload can steer the terminal or add a line', (t) => {
  const dangerous = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u
  const hostile = ['\u001b[2J', 'a\nb', '\u202e', '{"state":"\u001b[31m"}', '[[[', 'null', '"x"']
  for (const text of hostile) {
    for (const json of [true, false]) {
      t.notMatch(eventLine('genkan/main/decision', Buffer.from(text), json), dangerous)
    }
  }
  fc.assert(
    fc.property(fc.uint8Array(), fc.boolean(), (bytes, json) => {
      return !dangerous.test(eventLine('genkan/main/decision', Buffer.from(bytes), json))
    }),
  )
  const named = {
    ...grantedDecision({ id: grantedDecision().id, name: 'Eve\u001b[2J\n' }),
    late: true,
  }
  const line = eventLine('genkan/main/decision', Buffer.from(JSON.stringify(named)), false)
  t.match(line, /granted Eve\\u001b\[2J\\u000a \(late\)$/)
  t.end()
})
