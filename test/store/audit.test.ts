import { dirname } from 'node:path'

import t from 'tap'

import { createAuditLog } from '../../src/store/audit.js'
import { rawDatabase, sampleTemplate, temporaryStore } from './samples.js'

t.test('every change has its row: who, what, whom, when', async (t) => {
  let now = 1000
  const store = temporaryStore(t, { nowMs: () => now++ })
  const ada = store.persons.create('Ada', 'token:01J')
  const template = store.templates.add(sampleTemplate(ada.id, 1), 'cli')
  store.persons.setActive(ada.id, false, 'cli')
  store.templates.delete(template.id, 'cli')
  store.persons.delete(ada.id, 'cli')
  const { token } = await store.adminTokens.create({ label: 'first', role: 'admin' }, 'system')
  store.adminTokens.revoke(token.id, 'cli')
  const rows = store.audit.list({ limit: 100 }).reverse()
  t.strictSame(
    rows.map((row) => [row.sequence, row.actor, row.action, row.subjectId]),
    [
      [1, 'token:01J', 'person.create', ada.id],
      [2, 'cli', 'template.add', template.id],
      [3, 'cli', 'person.deactivate', ada.id],
      [4, 'cli', 'template.delete', template.id],
      [5, 'cli', 'person.delete', ada.id],
      [6, 'system', 'token.create', token.id],
      [7, 'cli', 'token.revoke', token.id],
    ],
  )
  t.ok(rows.every((row, index) => index === 0 || row.atMs > (rows[index - 1]?.atMs ?? 0)))
  t.strictSame(
    store.audit.list({ limit: 2, beforeSequence: 4 }).map((row) => row.sequence),
    [3, 2],
  )
  t.strictSame(store.audit.verify(), { intact: true, head: store.audit.head() })
})

t.test('a change that fails leaves no row, a row that fails no change', (t) => {
  const store = temporaryStore(t)
  t.throws(() => store.persons.create('\u0000', 'cli'), { code: 'invalid-value' })
  t.throws(() => store.persons.setActive('nobody', true, 'cli'), { code: 'not-found' })
  t.equal(store.audit.head().sequence, 0)
  t.throws(() => store.persons.create('Ada', 'not an actor!'), { code: 'invalid-value' })
  t.strictSame(store.persons.list(), [])
  t.end()
})

t.test('a changed, removed, re-ordered, added or cut row is found', (t) => {
  const store = temporaryStore(t, { nowMs: () => 5000 })
  const folder = dirname(store.info.path)
  for (let index = 0; index < 8; index++) {
    store.audit.append({ actor: 'cli', action: 'test.step', subjectId: `s${index}` })
  }
  const noted = store.audit.head()
  store.close()

  const tamperings: [string, number, string[]][] = [
    ['changed actor', 3, [`UPDATE audit SET actor = 'eve' WHERE sequence = 3`]],
    ['changed time', 8, [`UPDATE audit SET at_ms = at_ms + 1 WHERE sequence = 8`]],
    ['changed subject', 1, [`UPDATE audit SET subject_id = NULL WHERE sequence = 1`]],
    ['removed', 4, [`DELETE FROM audit WHERE sequence = 4`]],
    [
      'removed and closed up',
      4,
      [
        `DELETE FROM audit WHERE sequence = 4`,
        `UPDATE audit SET sequence = sequence - 1 WHERE sequence > 4`,
      ],
    ],
    [
      're-ordered',
      2,
      [
        `UPDATE audit SET sequence = 99 WHERE sequence = 2`,
        `UPDATE audit SET sequence = 2 WHERE sequence = 5`,
        `UPDATE audit SET sequence = 5 WHERE sequence = 99`,
      ],
    ],
    ['cut at the end', 7, [`DELETE FROM audit WHERE sequence > 6`]],
    ['emptied', 1, [`DELETE FROM audit`]],
    [
      'added',
      9,
      [
        `INSERT INTO audit SELECT 9, at_ms, actor, action, subject_id, previous_hash, hash
         FROM audit WHERE sequence = 8`,
      ],
    ],
  ]
  for (const [what, sequence, statements] of tamperings) {
    const raw = rawDatabase(folder)
    raw.exec('BEGIN')
    raw.exec('DROP TRIGGER audit_is_never_changed; DROP TRIGGER audit_is_never_shortened')
    for (const statement of statements) raw.exec(statement)
    t.match(createAuditLog(raw, Date.now).verify(), { intact: false, sequence }, what)
    raw.exec('ROLLBACK')
    t.equal(createAuditLog(raw, Date.now).verify().intact, true)
    raw.close()
  }

  const raw = rawDatabase(folder)
  raw.exec('BEGIN')
  raw.exec('DROP TRIGGER audit_is_never_shortened')
  raw.exec('DELETE FROM audit WHERE sequence > 6')
  raw.exec(
    'UPDATE audit_head SET (sequence, hash) = (SELECT sequence, hash FROM audit WHERE sequence = 6)',
  )
  const audit = createAuditLog(raw, Date.now)
  t.equal(audit.verify().intact, true, 'who also rewrites the head hides a cut end')
  t.equal(audit.verify(noted).intact, false, 'but not from a head noted elsewhere')
  raw.exec('ROLLBACK')
  raw.close()
  t.end()
})

t.test('the database itself refuses to change or shorten the audit, or rewrite a decision', (t) => {
  const store = temporaryStore(t)
  store.audit.append({ actor: 'cli', action: 'test.step' })
  store.close()
  const raw = rawDatabase(dirname(store.info.path))
  t.throws(() => raw.exec(`UPDATE audit SET actor = 'eve'`), /never changed/)
  t.throws(() => raw.exec('DELETE FROM audit'), /never removed/)
  raw.close()
  t.end()
})
