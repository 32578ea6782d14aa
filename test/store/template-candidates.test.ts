import t from 'tap'

import { MAX_CANDIDATES_A_PERSON } from '../../src/store/template-candidates.js'
import { openStore } from '../../src/store/store.js'
import { sampleTemplate, temporaryFolder } from './samples.js'

t.test('pictures of grants wait for a yes, and can be taken back', (t) => {
  const folder = temporaryFolder(t)
  let nowMs = 1000
  const store = openStore({ folder, nowMs: () => nowMs++ })
  t.teardown(() => store.close())
  const { id: personId } = store.persons.create('Ada', 'test')
  const candidate = {
    personId,
    embedding: sampleTemplate(personId, 1).embedding,
    quality: 0.8,
    distanceSq: 0.3,
    decisionId: 'decision',
    cropPng: sampleTemplate(personId, 1).cropPng,
  }
  const ids = Array.from({ length: MAX_CANDIDATES_A_PERSON + 1 }, () =>
    store.templateCandidates.add(candidate, 'system'),
  )
  t.same(
    store.templateCandidates.list().map(({ id }) => id),
    ids.slice(1),
    'the oldest goes first',
  )
  t.equal(store.templates.countOf(personId), 0, 'nobody is recognised by what only waits')
  const template = store.templateCandidates.accept(ids[1], 'cli')
  t.match(template, { personId, source: 'grant', quality: 0.8 })
  t.equal(store.templates.countOf(personId), 1)
  store.templateCandidates.reject(ids[2], 'cli')
  t.equal(store.templateCandidates.list().length, 1)
  t.throws(() => store.templateCandidates.accept(ids[2], 'cli'), { code: 'not-found' })
  t.throws(() => store.templateCandidates.reject(ids[2], 'cli'), { code: 'not-found' })
  t.ok(store.templates.delete(template.id, 'cli'), 'a template of this kind goes like any other')
  store.persons.delete(personId, 'cli')
  t.equal(store.templateCandidates.list().length, 0, 'they go with their person')
  const actions = store.audit.list({ limit: 20 }).map(({ action }) => action)
  for (const action of ['ageing.propose', 'ageing.accept', 'ageing.reject', 'template.delete']) {
    t.ok(actions.includes(action), action)
  }
  t.end()
})
