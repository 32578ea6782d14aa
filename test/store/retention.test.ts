import { existsSync, utimesSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

import t from 'tap'

import { deniedDecision, rawDatabase, sampleTemplate, temporaryStore } from './samples.js'

const DAY_MS = 24 * 3_600_000
const NOW_MS = Date.UTC(2027, 0, 1)
const at = (days: number): number => NOW_MS - days * DAY_MS

t.test('decisions and pictures go by age; what is undelivered and younger stays', async (t) => {
  let now = NOW_MS
  const store = temporaryStore(t, { nowMs: () => now })
  for (let days = 0; days < 600; days++) store.decisions.record(deniedDecision(at(days)))
  const undelivered = 20
  for (const { sequence } of store.outbox.pending(600 - undelivered)) {
    store.outbox.markDelivered(sequence)
  }
  const ada = store.persons.create('Ada', 'cli')
  now = at(50)
  const old = store.templates.add(sampleTemplate(ada.id, 1, 'old-picture'), 'cli')
  now = at(5)
  store.templates.add(sampleTemplate(ada.id, 2), 'cli')
  now = NOW_MS

  const rules = { decisionsDays: 30, picturesDays: 10 }
  const expected = { decisions: 569 - undelivered, pictures: 1, databases: 0, undelivered }
  const dry = await store.retention.purge(rules, { dryRun: true, actor: 'cli' })
  t.strictSame(dry, { dryRun: true, ...expected })
  t.equal(store.decisions.count(), 600, 'a dry run removes nothing')

  const done = await store.retention.purge(rules, { dryRun: false, actor: 'system' })
  t.strictSame(done, { dryRun: false, ...expected })
  t.equal(store.decisions.count(), 31 + undelivered)
  t.equal(store.outbox.stats().pending, undelivered, 'nothing undelivered was lost')
  const [purged, kept] = store.templates.byPerson(ada.id)
  t.match(purged, { id: old.id, cropPng: { length: 0 } })
  t.ok(kept.cropPng.length > 0)
  t.equal(store.templates.gallery().length, 2, 'both templates still match')
  const raw = rawDatabase(dirname(store.info.path))
  t.notOk(raw.serialize().includes('old-picture'), 'its bytes are zeroed')
  raw.close()
  t.match(store.audit.list({ limit: 2 }), [
    { actor: 'system', action: 'retention.purge', subjectId: /^decisions 549, pictures 1/ },
    { actor: 'cli', action: 'retention.preview' },
  ])
  t.equal(store.audit.verify().intact, true)
})

t.test('null keeps for ever', async (t) => {
  const store = temporaryStore(t, { nowMs: () => NOW_MS })
  store.decisions.record(deniedDecision(at(5000)))
  for (const { sequence } of store.outbox.pending(1)) store.outbox.markDelivered(sequence)
  const rules = { decisionsDays: null, picturesDays: null }
  const report = await store.retention.purge(rules, { dryRun: false, actor: 'cli' })
  t.match(report, { decisions: 0, pictures: 0 })
  t.equal(store.decisions.count(), 1)
})

t.test('a database kept aside by a restore goes after 30 days', async (t) => {
  const rules = { decisionsDays: null, picturesDays: null }
  for (const [later, databases] of [
    [29, 0],
    [31, 1],
  ] as const) {
    const store = temporaryStore(t, { nowMs: () => Date.now() + later * DAY_MS })
    const aside = join(dirname(store.info.path), 'genkan.db.before-2026')
    writeFileSync(aside, 'old')
    utimesSync(aside, 0, 0)
    const report = await store.retention.purge(rules, { dryRun: false, actor: 'cli' })
    t.equal(report.databases, databases)
    t.equal(existsSync(aside), databases === 0)
  }
})
