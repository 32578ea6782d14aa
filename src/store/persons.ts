import type Database from 'better-sqlite3-multiple-ciphers'

import type { AuditLog } from './audit.js'
import { truncateLog } from './database.js'
import { parseInput } from './input.js'
import { personNameSchema, type Person } from './person.js'
import { StoreError } from './store-error.js'

/** What was removed with a person. */
export interface PersonDeletion {
  readonly templates: number
  /** False when another process kept the old bytes (encrypted) in the log; they go when it ends. */
  readonly erased: boolean
}

/** The persons of the store. Every change names its actor and is audited in the same transaction. */
export interface Persons {
  /** @throws StoreError `invalid-value` for an unacceptable name */
  create(name: string, actor: string): Person
  get(id: string): Person | undefined
  /** In order of creation. */
  list(): Person[]
  countActive(): number
  /** @throws StoreError `not-found` */
  setActive(id: string, active: boolean, actor: string): Person
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
  active: 0 | 1
  created_at_ms: number
}

const toPerson = (row: Row): Person => ({
  id: row.id,
  name: row.name,
  active: row.active === 1,
  createdAtMs: row.created_at_ms,
})

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
    'INSERT INTO persons (id, name, active, created_at_ms) VALUES (@id, @name, @active, @created_at_ms)',
  )
  const select = database.prepare<[string], Row>('SELECT * FROM persons WHERE id = ?')
  const selectAll = database.prepare<[], Row>('SELECT * FROM persons ORDER BY id')
  const countActive = database
    .prepare<[], number>('SELECT count(*) FROM persons WHERE active = 1')
    .pluck()
  const countTemplates = database
    .prepare<[string], number>('SELECT count(*) FROM templates WHERE person_id = ?')
    .pluck()
  const update = database.prepare<[0 | 1, string]>('UPDATE persons SET active = ? WHERE id = ?')
  const remove = database.prepare<[string]>('DELETE FROM persons WHERE id = ?')

  const create = database.transaction((name: string, actor: string): Person => {
    const row: Row = {
      id: newId(),
      name: parseInput(personNameSchema, name, 'name'),
      active: 1,
      created_at_ms: nowMs(),
    }
    insert.run(row)
    audit.append({ actor, action: 'person.create', subjectId: row.id })
    return toPerson(row)
  })

  const setActive = database.transaction((id: string, active: boolean, actor: string): Person => {
    if (update.run(active ? 1 : 0, id).changes === 0) throw notFound()
    audit.append({
      actor,
      action: active ? 'person.activate' : 'person.deactivate',
      subjectId: id,
    })
    const row = select.get(id)
    if (!row) throw notFound()
    return toPerson(row)
  })

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
    countActive: () => countActive.get() ?? 0,
    setActive: (id, active, actor) => setActive.immediate(id, active, actor),
    delete(id, actor) {
      const templates = deleteWithTemplates.immediate(id, actor)
      return { templates, erased: truncateLog(database) }
    },
  }
}
