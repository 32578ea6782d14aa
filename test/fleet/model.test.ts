import fc from 'fast-check'
import t from 'tap'

import type { PersonChange } from '../../src/store/persons.js'
import type { RecordRow } from '../../src/fleet/sealed-record.js'
import { sampleTemplate } from '../store/samples.js'
import { noPostgres, startCluster } from './cluster.js'
import { digests, fleetOf, settle, type Kiosk } from './kiosk.js'

/** A longer search for the night: `GENKAN_FAULTS=full`. */
const FULL = process.env['GENKAN_FAULTS'] === 'full'
const RUNS = FULL ? 5000 : 5
/** No run begins after this much of searching; whatever was found once is played in any case. */
const SEARCH_MS = FULL ? 600_000 : 4000
const KIOSKS = 3
/** Persons of earlier runs that a run begins with, at most. */
const MAX_LEFT = 8

/** What is done to the fleet. Kiosks and persons are taken modulo how many there are. */
type Step =
  | {
      readonly do: 'enrol' | 'add-face' | 'encode' | 'delete' | 'revoke' | 'copy' | 'play-again'
      kiosk: number
      who: number
    }
  | { readonly do: 'edit'; kiosk: number; who: number; change: PersonChange }
  | { readonly do: 'tell'; from: number; to: number }
  | { readonly do: 'crash' | 'make-crew' | 'close-crew' | 'end-crew'; kiosk: number }
  | { readonly do: 'join-crew'; kiosk: number; who: number }
  | { readonly do: 'backup' | 'restore' }

const kiosk = fc.nat(KIOSKS - 1)
const who = fc.nat(5)
const change: fc.Arbitrary<PersonChange> = fc.oneof(
  fc.constantFrom('Ada', 'Bob', 'Carol').map((name) => ({ name })),
  fc.constantFrom(1000, 2000, null).map((validUntilMs) => ({ validUntilMs })),
  fc.constantFrom<string[]>([], ['staff'], ['staff', 'guests']).map((groups) => ({ groups })),
)
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constantFrom(
        'enrol',
        'add-face',
        'encode',
        'delete',
        'revoke',
        'copy',
        'copy',
        'copy',
      ),
      kiosk,
      who,
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('edit' as const), kiosk, who, change }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('tell' as const), from: kiosk, to: kiosk }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('crash' as const), kiosk }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('backup', 'restore') }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('play-again' as const), kiosk, who: fc.nat(1000) }),
  },
)

/** A group that comes and goes, its members, and its schedule. */
const groupStep: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ do: fc.constantFrom('make-crew', 'close-crew', 'end-crew'), kiosk }),
  fc.record({ do: fc.constant('join-crew' as const), kiosk, who }),
)
const stepLists: fc.Arbitrary<Step[]> = fc.oneof(
  fc.array(step, { minLength: 5, maxLength: 30 }),
  fc.array(fc.oneof({ weight: 2, arbitrary: step }, groupStep), { minLength: 5, maxLength: 30 }),
)
const NEVER_OPEN = { timeZone: 'UTC', weekly: [], holidays: [] }

/** What the search found once: two kiosks encode one picture, neither knowing of the other. */
const ENCODED_TWICE: Step[] = [
  { do: 'enrol', kiosk: 0, who: 0 },
  { do: 'copy', kiosk: 0, who: 0 },
  { do: 'copy', kiosk: 1, who: 0 },
  { do: 'encode', kiosk: 0, who: 0 },
  { do: 'encode', kiosk: 1, who: 0 },
]

/** And so: a group is deleted and made again, and not every kiosk heard of that. */
const MADE_AGAIN: Step[] = [
  { do: 'enrol', kiosk: 0, who: 0 },
  { do: 'make-crew', kiosk: 0 },
  ...[0, 1, 2].map((kiosk): Step => ({ do: 'copy', kiosk, who: 0 })),
  { do: 'join-crew', kiosk: 1, who: 0 },
  { do: 'copy', kiosk: 1, who: 0 },
  { do: 'end-crew', kiosk: 0 },
  { do: 'copy', kiosk: 0, who: 0 },
  { do: 'copy', kiosk: 1, who: 0 },
  { do: 'make-crew', kiosk: 0 },
]

/** And so: a schedule is set again, and an old row says that it was deleted. */
const DELETED_AGAIN: Step[] = [
  ...(['make-crew', 'close-crew', 'end-crew', 'make-crew', 'close-crew'] as const).flatMap(
    (action): Step[] => [
      { do: action, kiosk: 0 },
      ...[0, 1, 2].map((kiosk): Step => ({ do: 'copy', kiosk, who: 0 })),
    ],
  ),
  // The last rows are the group and its schedule as they were made anew, and before them the deletions.
  { do: 'play-again', kiosk: 1, who: 2 },
]

const FOUND = [
  ['two encodings of one picture', ENCODED_TWICE],
  ['a schedule whose old deletion is played again', DELETED_AGAIN],
  ['a group that is made again', MADE_AGAIN],
] as const

/** The tables of the record, copied aside and back: what a restored backup is to the kiosks. */
const TABLES = ['fleet', 'fleet_record', 'fleet_commit'] as const

t.test(
  'whatever kiosks do, cut off or not: they converge, and a revocation holds',
  { skip: noPostgres },
  async (t) => {
    const cluster = await startCluster(t)
    const client = await cluster.connect()
    const kiosks = await fleetOf(t, cluster, KIOSKS)
    for (const group of ['staff', 'guests']) {
      kiosks[0].store.groups.create({ id: group, name: group }, 'cli')
    }
    await settle(kiosks)
    for (const table of TABLES) await client.query(`CREATE TABLE aside_${table} (LIKE ${table})`)

    async function backup(): Promise<void> {
      for (const table of TABLES) {
        await client.query(`DELETE FROM aside_${table}`)
        await client.query(`INSERT INTO aside_${table} SELECT * FROM ${table}`)
      }
    }

    async function restore(): Promise<void> {
      for (const table of TABLES) {
        await client.query(`DELETE FROM ${table}`)
        await client.query(`INSERT INTO ${table} SELECT * FROM aside_${table}`)
      }
    }

    /** Rows that the record had once, the newest last: its administrator may have kept them. */
    let kept: RecordRow[] = []

    async function keepRows(): Promise<void> {
      const { rows } = await client.query<RecordRow>(
        `SELECT * FROM fleet_record WHERE kind <> 'picture' ORDER BY seq`,
      )
      const isKept = (row: RecordRow) =>
        kept.some(
          ({ subject, version, ciphertext }) =>
            subject.equals(row.subject) &&
            version === row.version &&
            ciphertext.equals(row.ciphertext),
        )
      kept = [...kept, ...rows.filter((row) => !isKept(row))].slice(-200)
    }

    const areAtRest = () =>
      new Set(digests(kiosks)).size === 1 && !kiosks.some(({ store }) => store.replica.hasPending())

    const personOf = ({ store }: Kiosk, index: number) => {
      const persons = store.persons.list()
      return persons.length === 0 ? undefined : persons[index % persons.length]
    }
    let seed = 1

    let runs = 0

    async function run(steps: readonly Step[]): Promise<void> {
      runs++
      for (const { id } of kiosks[0].store.persons.list().slice(MAX_LEFT)) {
        kiosks[0].store.persons.delete(id, 'cli')
      }
      await settle(kiosks)
      await backup()
      /** Deleted somewhere: nobody may be back at the end. */
      const deleted = new Set<string>()
      /** Enrolled and never deleted: nobody may be missing. */
      const enrolled = new Set<string>()
      /** Made inactive; nobody in these runs makes anybody active again. */
      const revoked = new Set<string>()
      /** The schedule was set, and nobody ended the group since, nor before without everybody's knowing. */
      let isClosed = false
      let isEndedSomewhere = false
      /** What each kiosk was told, and must never forget. */
      const told = kiosks.map(() => new Set<string>())

      function checkTold(): void {
        kiosks.forEach(({ store }, index) => {
          for (const id of told[index]) {
            if (store.persons.get(id)?.active === true) throw new Error(`${id} is back at ${index}`)
          }
        })
      }

      function tell(from: Kiosk, to: Kiosk, toIndex: number): void {
        from.store.replica.announce()
        for (const one of from.store.replica.unsent(100)) {
          to.store.replica.hear(from.secrets.membership().kiosk, one)
          told[toIndex].add(one.personId)
        }
      }

      for (const one of steps) {
        switch (one.do) {
          case 'enrol': {
            const { store } = kiosks[one.kiosk]
            const { id } = store.persons.create('Ada', 'cli')
            store.templates.add(sampleTemplate(id, seed++), 'cli')
            enrolled.add(id)
            break
          }
          case 'add-face': {
            const person = personOf(kiosks[one.kiosk], one.who)
            if (person && kiosks[one.kiosk].store.templates.countOf(person.id) < 5) {
              kiosks[one.kiosk].store.templates.add(sampleTemplate(person.id, seed++), 'cli')
            }
            break
          }
          case 'encode': {
            const { store } = kiosks[one.kiosk]
            const templates = store.templates.gallery()
            const template = templates.at(one.who % Math.max(1, templates.length))
            const { vector } = sampleTemplate('', seed++).embedding
            if (template) store.encodings.add(template.templateId, { modelId: 'another', vector })
            break
          }
          case 'delete': {
            const person = personOf(kiosks[one.kiosk], one.who)
            if (person === undefined) break
            kiosks[one.kiosk].store.persons.delete(person.id, 'cli')
            deleted.add(person.id)
            told[one.kiosk].add(person.id)
            break
          }
          case 'revoke': {
            const person = personOf(kiosks[one.kiosk], one.who)
            if (person === undefined) break
            kiosks[one.kiosk].store.persons.update(person.id, { active: false }, 'cli')
            revoked.add(person.id)
            told[one.kiosk].add(person.id)
            break
          }
          case 'edit': {
            const person = personOf(kiosks[one.kiosk], one.who)
            if (person) kiosks[one.kiosk].store.persons.update(person.id, one.change, 'cli')
            break
          }
          case 'make-crew':
            kiosks[one.kiosk].store.groups.create({ id: 'crew', name: 'Crew' }, 'cli')
            break
          case 'close-crew': {
            const { groups } = kiosks[one.kiosk].store
            if (groups.setSchedule('crew', NEVER_OPEN, 'cli') === 'no-such-group') break
            isClosed = !isEndedSomewhere
            break
          }
          case 'end-crew':
            kiosks[one.kiosk].store.groups.remove('crew', 'cli')
            isClosed = false
            isEndedSomewhere = true
            break
          case 'join-crew': {
            const { store } = kiosks[one.kiosk]
            const person = personOf(kiosks[one.kiosk], one.who)
            const isThere = store.groups.list().some(({ id }) => id === 'crew')
            if (person && isThere) store.persons.update(person.id, { groups: ['crew'] }, 'cli')
            break
          }
          case 'copy':
            await kiosks[one.kiosk].copy()
            await keepRows()
            if (isEndedSomewhere && areAtRest()) isEndedSomewhere = false
            break
          case 'play-again': {
            const row = kept.at(-1 - (one.who % Math.max(1, kept.length)))
            if (row) kiosks[one.kiosk].hear([{ ...row, seq: '9000000' }])
            break
          }
          case 'tell':
            if (one.from !== one.to) tell(kiosks[one.from], kiosks[one.to], one.to)
            break
          case 'crash':
            // Given to the record, and the process ended before it could note that.
            await kiosks[one.kiosk].copyAndForget()
            break
          case 'backup':
            await backup()
            break
          case 'restore':
            await restore()
            break
        }
        checkTold()
      }
      await settle(kiosks)
      const found = digests(kiosks)
      if (new Set(found).size !== 1) throw new Error('the kiosks differ')
      for (const { store } of kiosks) {
        for (const id of deleted) if (store.persons.get(id)) throw new Error(`${id} is back`)
        for (const id of revoked) {
          if (store.persons.get(id)?.active === true) throw new Error(`${id} is active again`)
        }
        for (const id of enrolled) {
          const person = store.persons.get(id)
          if (!deleted.has(id) && person === undefined) throw new Error(`${id} is lost`)
          // Else only [staff] and [staff, guests] are given, which always meet in a group.
          const hasCrew = steps.some((one) => one.do === 'join-crew')
          if (person && !person.active && !revoked.has(id) && !hasCrew) {
            throw new Error(`${id} was closed out`)
          }
        }
        if (isClosed && store.groups.schedule('crew')?.schedule === null) {
          throw new Error('the crew enters at all times')
        }
        if (store.replica.hasPending()) throw new Error('something is still to be told')
      }
      const left = await client.query(
        `SELECT 1 FROM fleet_record WHERE NOT deleted AND kind IN ('template', 'picture')`,
      )
      const known = kiosks[0].store.templates.gallery()
      const faces = known.filter(({ embedding }) => embedding.modelId !== 'another').length
      const encodings = await client.query(
        `SELECT 1 FROM fleet_record WHERE NOT deleted AND kind = 'encoding'`,
      )
      if (encodings.rowCount !== known.length - faces) {
        throw new Error('the record holds encodings that nobody has')
      }
      if (left.rowCount !== 2 * faces) throw new Error('the record holds faces that nobody has')
      checkTold()
    }

    for (const [what, steps] of FOUND) {
      await run(steps)
      t.pass(what)
    }
    const endMs = performance.now() + SEARCH_MS
    async function search(steps: readonly Step[]): Promise<void> {
      if (performance.now() < endMs) await run(steps)
    }
    await fc.assert(fc.asyncProperty(stepLists, search), { numRuns: RUNS, endOnFailure: true })
    await client.end()
    t.ok(runs > FOUND.length, `${runs} runs`)
  },
)
