import Database from 'better-sqlite3-multiple-ciphers'

import { createAuditLog, type AuditHead } from './audit.js'
import { migrate, MIGRATIONS, schemaVersion, type Migration } from './migrations.js'
import { StoreError } from './store-error.js'

/** What a whole database holds. */
export interface DatabaseContent {
  readonly schemaVersion: number
  readonly persons: number
  readonly templates: number
  readonly decisions: number
  /** The end of the audit chain; kept elsewhere, it proves that nothing was cut off later. */
  readonly auditHead: AuditHead
}

const RESTORE =
  'stop genkan, keep the file for study, restore the last backup (genkan restore FILE)'

function corrupt(path: string, what: string): StoreError {
  return new StoreError({ code: 'corrupt', what: `${path} ${what}`, cure: RESTORE })
}

const SCHEMA = `SELECT type, name, tbl_name, sql FROM sqlite_schema
  WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY type, name`

/** The schema that the migrations up to a version make. */
function schemaOf(migrations: readonly Migration[]): string {
  const fresh = new Database(':memory:')
  try {
    migrate(fresh, migrations)
    return JSON.stringify(fresh.prepare(SCHEMA).all())
  } finally {
    fresh.close()
  }
}

function countOf(database: Database.Database, table: string): number {
  return Number(database.prepare(`SELECT count(*) FROM ${table}`).pluck().get())
}

/**
 * Looks at everything: every page and index, references, the schema against what the migrations make
 * (a trigger that somebody added is found), and the whole audit chain.
 * @param path for messages
 * @throws StoreError `corrupt` or `newer-schema`; SQLite's own errors where a page cannot be read
 */
export function examineDatabase(database: Database.Database, path: string): DatabaseContent {
  const findings = database.pragma('integrity_check(5)') as { integrity_check: string }[]
  if (findings.length !== 1 || findings[0]?.integrity_check !== 'ok') {
    const texts = findings.map((row) => row.integrity_check).join('; ')
    throw corrupt(path, `fails its integrity check: ${texts}`)
  }
  const references = database.pragma('foreign_key_check') as { table: string }[]
  if (references.length > 0) {
    throw corrupt(path, `has ${references.length} row(s) that refer to nothing`)
  }
  const version = schemaVersion(database)
  if (version > MIGRATIONS.length) {
    throw new StoreError({
      code: 'newer-schema',
      what: `${path} has schema ${version}, this genkan knows ${MIGRATIONS.length}`,
      cure: 'use the genkan version that made it, or a newer one',
    })
  }
  const known = schemaOf(MIGRATIONS.filter((migration) => migration.version <= version))
  if (version < 3 || JSON.stringify(database.prepare(SCHEMA).all()) !== known) {
    throw corrupt(path, `has not the tables of a genkan database of schema ${version}`)
  }
  const verdict = createAuditLog(database, () => 0).verify()
  if (!verdict.intact) throw corrupt(path, `has a broken audit chain: ${verdict.what}`)
  return {
    schemaVersion: version,
    persons: countOf(database, 'persons'),
    templates: countOf(database, 'templates'),
    decisions: countOf(database, 'decisions'),
    auditHead: verdict.head,
  }
}
