import fc from 'fast-check'
import t from 'tap'

import { openAdmittedGroups } from '../../src/admitted-groups.js'
import { configSchema } from '../../src/config/schema.js'
import { judgeAccess } from '../../src/decision/policy.js'
import { mergeEdits } from '../../src/store/replica/merge.js'
import { noPostgres, startCluster } from './cluster.js'
import { digests, fleetOf, settle, type Kiosk } from './kiosk.js'

const KIOSK = '01JD4QXNWZ8Y3Q4R5S6T7V8W9X'
const admits = fc.option(fc.subarray(['cleaners', 'guests', 'night', 'staff']))
const edits = fc.record({ [KIOSK]: fc.integer({ min: 1, max: 9 }) })

t.test('two who say whom a door admits, in ignorance of each other, let in whom both do', (t) => {
  fc.assert(
    fc.property(admits, admits, edits, edits, (one, other, oneEdits, otherEdits) => {
      const a = { kind: 'door', id: KIOSK, admits: one, edits: oneEdits } as const
      const b = { kind: 'door', id: KIOSK, admits: other, edits: otherEdits } as const
      const { payload } = mergeEdits(a, b)
      t.same(payload, mergeEdits(b, a).payload)
      if (payload.kind !== 'door') return false
      for (const group of ['cleaners', 'guests', 'night', 'staff']) {
        const isIn = (groups: readonly string[] | null) => groups?.includes(group) ?? true
        if (isIn(payload.admits) && !(isIn(one) && isIn(other))) return false
      }
      return true
    }),
    { numRuns: 200 },
  )
  t.end()
})

t.test('any kiosk says whom a door admits', { skip: noPostgres }, async (t) => {
  const cluster = await startCluster(t)
  const kiosks = await fleetOf(t, cluster, 3)
  const [a, b] = kiosks
  const idOf = ({ secrets }: Kiosk) => secrets.membership().kiosk
  const config = configSchema.parse({
    door: { groups: ['staff'] },
    store: { fleet: { url: cluster.url } },
  })
  const atB = openAdmittedGroups(config, b.store)
  for (const id of ['staff', 'guests', 'night']) a.store.groups.create({ id, name: id }, 'cli')
  await settle(kiosks)

  t.same(atB(), ['staff'], 'the door’s configuration, while the fleet says nothing')
  t.throws(() => a.store.fleetRules.setAdmits(idOf(b), ['nobody-knows'], 'cli'), {
    code: 'not-found',
  })
  a.store.fleetRules.setAdmits(idOf(b), ['guests', 'staff'], 'cli')
  await settle(kiosks)
  t.same(atB(), ['guests', 'staff'])
  t.same(openAdmittedGroups(config, a.store)(), ['staff'], 'of no other door')
  t.match(
    b.applied.some(({ others }) => others),
    true,
    'the door is told',
  )

  const visitor = { active: true, validFromMs: null, validUntilMs: null, groups: ['night'] }
  const judged = (doorGroups: readonly string[] | null) =>
    judgeAccess(visitor, { scheduleOf: () => null, lockdown: false, doorGroups }, 0).outcome
  t.equal(judged(null), 'permitted')
  t.equal(judged(['night']), 'permitted')
  t.equal(judged(atB()), 'not-permitted')
  t.equal(judged([]), 'not-permitted', 'no group is nobody, not everybody')

  a.store.fleetRules.setAdmits(idOf(b), ['night'], 'cli')
  b.store.fleetRules.setAdmits(idOf(b), ['guests'], 'cli')
  await settle(kiosks)
  for (const { store } of kiosks) t.same(store.fleetRules.admits(idOf(b)), [])
  t.equal(new Set(digests(kiosks)).size, 1)
  a.store.fleetRules.setAdmits(idOf(b), null, 'cli')
  await settle(kiosks)
  t.equal(atB(), null, 'everybody, said in knowledge of what was')

  b.store.replica.end()
  t.same(openAdmittedGroups(config, b.store)(), ['staff'], 'a door that left is its own again')
})
