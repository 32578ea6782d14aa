import t from 'tap'

import { MAX_HEAD_BYTES } from '../../src/store/learnt-heads.js'
import { openStore } from '../../src/store/store.js'
import { temporaryFolder } from './samples.js'

t.test('heads are adopted and rolled back one by one, on record', (t) => {
  const folder = temporaryFolder(t)
  let nowMs = 1000
  const store = openStore({ folder, nowMs: () => nowMs++ })
  const heads = store.learntHeads
  t.equal(heads.inForce('projection'), undefined)
  t.equal(heads.rollback('projection', 'cli'), undefined)
  const first = heads.adopt('projection', 'one', 'cli')
  const second = heads.adopt('projection', 'two', 'cli')
  const opinion = heads.adopt('siamese', 'other', 'cli')
  t.match(heads.inForce('projection'), { id: second.id, body: 'two', previousId: first.id })
  t.equal(heads.inForce('siamese')?.id, opinion.id, 'each kind by itself')
  store.close()

  const again = openStore({ folder, nowMs: () => nowMs++ })
  t.equal(again.learntHeads.inForce('projection')?.body, 'two')
  t.same(again.learntHeads.rollback('projection', 'cli'), { from: second.id, to: first.id })
  t.equal(again.learntHeads.inForce('projection')?.body, 'one')
  t.same(again.learntHeads.rollback('projection', 'cli'), { from: first.id, to: null })
  t.equal(again.learntHeads.inForce('projection'), undefined, 'the encoder as shipped')
  t.throws(() => again.learntHeads.adopt('projection', 'x'.repeat(MAX_HEAD_BYTES + 1), 'cli'), {
    code: 'invalid-value',
  })
  t.same(
    again.audit
      .list({ limit: 10 })
      .map(({ action }) => action)
      .reverse(),
    ['learn.adopt', 'learn.adopt', 'learn.adopt', 'learn.rollback', 'learn.rollback'],
  )
  t.ok(again.audit.verify().intact)
  again.close()
  t.end()
})
