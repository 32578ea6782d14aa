import type Database from 'better-sqlite3-multiple-ciphers'
import { z } from 'zod'

import type { AuditLog } from './audit.js'
import { truncateLog } from './database.js'
import { groupIdSchema } from './groups.js'
import { parseInput } from './input.js'
import { personNameSchema, searchForm, type Person } from './person.js'
import { StoreError } from './store-error.js'

/** Most groups one person may be in. */
export const MAX_GROUPS_A_PERSON = 20

/** What was removed with a person. */
export interface PersonDeletion {
  readonly templates: number
  /** False when another process kept the old bytes (encrypted) in the log; they go when it ends. */
  readonly erased: boolean
}

const momentSchema = z.int().min(0).max(8_640_000_000_000_000).nullable()

const changeSchema = z
  .strictObject({
    name: personNameSchema,
    active: z.boolean(),
    validFromMs: momentSchema,
    validUntilMs: momentSchema,
    retainUntilMs: momentSchema,
    groups: z.array(groupIdSchema).max(MAX_GROUPS_A_PERSON),
  })
  .partial()

/** What of a person is to change; what is left out stays. */
export type PersonChange = z.input<typeof changeSchema>

/** How an update ended; `stale` when somebody else changed the person in between. */
export type PersonUpdate =
  | { readonly outcome: 'updated'; readonly person: Person }
  | { readonly outcome: 'stale' | 'no-such-person' }
  | { readonly outcome: 'no-such-group'; readonly group: string }

/** Which persons to list. */
export interface PersonQuery {
  /** 1..500. */
  readonly limit: number
  /** Id of the last person of the page before. */
  readonly afterId?: string
  /** Part of a name, as people write it. */
  readonly search?: string
}

/** The persons of the store. Every change names its actor and is audited in the same transaction. */
export interface Persons {
  /** @throws StoreError `invalid-value` for an unacceptable name */
  create(name: string, actor: string): Person
  get(id: string): Person | undefined
  /** In order of creation. */
  list(): Person[]
  /** A part of {@link list}, in the same order. */
  page(query: PersonQuery): { readonly persons: Person[]; readonly more: boolean }
  countActive(): number
  /** @throws StoreError `not-found` */
  setActive(id: string, active: boolean, actor: string): Person
  /**
   * Changes what is given, all or nothing.
   * @param version of the person as last read; without it the change is made in any case
   * @throws StoreError `invalid-value`
   */
  update(id: string, change: PersonChange, actor: string, version?: number): PersonUpdate
  /** Ids of persons whose time to be kept is over. */
  dueForErasure(nowMs: number): string[]
  /**
   * Removes the person with all templates and crops, zeroes their bytes and cuts the log.
   * Past decisions stay: they are the audit, and fall to retention.
   * @throws StoreError `not-found`
   */
  delete(id: string, actor: string): PersonDeletion
}

interface Row {
  id: string
  name: string
  search_name: string
  active: 0 | 1
  created_at_ms: number
  valid_from_ms: number | null
  valid_until_ms: number | null
  retain_until_ms: number | null
  version: number
}

function notFound(): StoreError {
  return new StoreError({
    code: 'not-found',
    what: 'there is no person with this id',
    cure: 'list the persons and use one of their ids',
  })
}

/** The {@link Persons} of a database. */
export function createPersons(
  database: Database.Database,
  options: { nowMs: () => number; newId: () => string; audit: AuditLog },
): Persons {
  const { nowMs, newId, audit } = options
  const insert = database.prepare<[Row]>(
    `INSERT INTO persons (id, name, search_name, active, created_at_ms)
     VALUES (@id, @name, @search_name, @active, @created_at_ms)`,
  )
  const select = database.prepare<[string], Row>('SELECT * FROM persons WHERE id = ?')
  const selectAll = database.prepare<[], Row>('SELECT * FROM persons ORDER BY id')
  const selectPage = database.prepare<[{ after: string; search: string; limit: number }], Row>(
    `SELECT * FROM persons WHERE id > @after AND (@search = '' OR instr(search_name, @search) > 0)
     ORDER BY id LIMIT @limit`,
  )
  const selectDue = database
    .prepare<[number], string>('SELECT id FROM persons WHERE retain_until_ms <= ? ORDER BY id')
    .pluck()
  const countActive = database
    .prepare<[], number>('SELECT count(*) FROM persons WHERE active = 1')
    .pluck()
  const countTemplates = database
    .prepare<[string], number>('SELECT count(*) FROM templates WHERE person_id = ?')
    .pluck()
  const selectGroups = database
    .prepare<[string], string>(
      'SELECT group_id FROM person_groups WHERE person_id = ? ORDER BY group_id',
    )
    .pluck()
  const groupExists = database
    .prepare<[string], number>('SELECT count(*) FROM groups WHERE id = ?')
    .pluck()
  const leaveGroups = database.prepare<[string]>('DELETE FROM person_groups WHERE person_id = ?')
  const joinGroup = database.prepare<[string, string]>(
    'INSERT INTO person_groups (person_id, group_id) VALUES (?, ?)',
  )
  const write = database.prepare<[Row]>(
    `UPDATE persons SET name = @name, search_name = @search_name, active = @active,
       valid_from_ms = @valid_from_ms, valid_until_ms = @valid_until_ms,
       retain_until_ms = @retain_until_ms, version = @version
     WHERE id = @id`,
  )
  const remove = database.prepare<[string]>('DELETE FROM persons WHERE id = ?')

  const toPerson = (row: Row): Person => ({
    id: row.id,
    name: row.name,
    active: row.active === 1,
    createdAtMs: row.created_at_ms,
    validFromMs: row.valid_from_ms,
    validUntilMs: row.valid_until_ms,
    groups: selectGroups.all(row.id),
    retainUntilMs: row.retain_until_ms,
    version: row.version,
  })

  const create = database.transaction((input: string, actor: string): Person => {
    const name = parseInput(personNameSchema, input, 'name')
    const row: Row = {
      id: newId(),
      name,
      search_name: searchForm(name),
      active: 1,
      created_at_ms: nowMs(),
      valid_from_ms: null,
      valid_until_ms: null,
      retain_until_ms: null,
      version: 1,
    }
    insert.run(row)
    audit.append({ actor, action: 'person.create', subjectId: row.id })
    return toPerson(row)
  })

  function setGroups(id: string, groups: readonly string[]): string | undefined {
    const unknown = groups.find((group) => groupExists.get(group) === 0)
    if (unknown !== undefined) return unknown
    leaveGroups.run(id)
    for (const group of new Set(groups)) joinGroup.run(id, group)
    return undefined
  }

  const update = database.transaction(
    (id: string, input: PersonChange, actor: string, version?: number): PersonUpdate => {
      const change = parseInput(changeSchema, input, 'person')
      const row = select.get(id)
      if (row === undefined) return { outcome: 'no-such-person' }
      if (version !== undefined && version !== row.version) return { outcome: 'stale' }
      if (change.groups !== undefined) {
        const group = setGroups(id, change.groups)
        if (group !== undefined) return { outcome: 'no-such-group', group }
      }
      const name = change.name ?? row.name
      const active = change.active ?? row.active === 1
      const either = (given: number | null | undefined, known: number | null) =>
        given === undefined ? known : given
      const next: Row = {
        ...row,
        name,
        search_name: searchForm(name),
        active: active ? 1 : 0,
        valid_from_ms: either(change.validFromMs, row.valid_from_ms),
        valid_until_ms: either(change.validUntilMs, row.valid_until_ms),
        retain_until_ms: either(change.retainUntilMs, row.retain_until_ms),
        version: row.version + 1,
      }
      write.run(next)
      const turned = active !== (row.active === 1)
      if (turned) {
        audit.append({
          actor,
          action: active ? 'person.activate' : 'person.deactivate',
          subjectId: id,
        })
      }
      const rest = Object.keys(change).filter((key) => key !== 'active')
      if (rest.length > 0) audit.append({ actor, action: 'person.change', subjectId: id })
      return { outcome: 'updated', person: toPerson(next) }
    },
  )

  const deleteWithTemplates = database.transaction((id: string, actor: string): number => {
    const templates = countTemplates.get(id) ?? 0
    if (remove.run(id).changes === 0) throw notFound()
    audit.append({ actor, action: 'person.delete', subjectId: id })
    return templates
  })

  return {
    create: (name, actor) => create.immediate(name, actor),
    get(id) {
      const row = select.get(id)
      return row && toPerson(row)
    },
    list: () => selectAll.all().map(toPerson),
    page({ limit, afterId = '', search = '' }) {
      const rows = selectPage.all({ after: afterId, search: searchForm(search), limit: limit + 1 })
      return { persons: rows.slice(0, limit).map(toPerson), more: rows.length > limit }
    },
    countActive: () => countActive.get() ?? 0,
    setActive(id, active, actor) {
      const result = update.immediate(id, { active }, actor)
      if (result.outcome !== 'updated') throw notFound()
      return result.person
    },
    update: (id, change, actor, version) => update.immediate(id, change, actor, version),
    dueForErasure: (at) => selectDue.all(at),
    delete(id, actor) {
      const templates = deleteWithTemplates.immediate(id, actor)
      return { templates, erased: truncateLog(database) }
    },
  }
}
