import { fileURLToPath } from 'node:url'

import Postgrator from 'postgrator'

import { explainPostgres, FleetFault } from './fault.js'
import type { Connection } from './postgres.js'
import { inTransaction } from './postgres.js'

const PATTERN = fileURLToPath(new URL('./migrations/*.js', import.meta.url))
/** Any number that only we use: two kiosks never migrate at once. */
const LOCK = 7_467_341_102

/** The newest version that this genkan knows, once it was looked up. */
let known: number | undefined

function runner(client: Connection, database: string): Postgrator {
  return new Postgrator({
    driver: 'pg',
    database,
    schemaTable: 'fleet_schema',
    migrationPattern: PATTERN,
    execQuery: (query) => client.query(query),
  })
}

/**
 * Brings the record's tables forward, all steps in one transaction.
 * @returns the version they have now
 * @throws FleetFault `newer-schema`, or as the connection fails
 */
export async function migrateRecord(client: Connection): Promise<number> {
  try {
    if (known !== undefined && (await versionOf(client)) === known) return known
    return await inTransaction(client, async () => {
      await client.query('SELECT pg_advisory_xact_lock($1)', [LOCK])
      const { rows } = await client.query<{ name: string }>('SELECT current_database() AS name')
      const postgrator = runner(client, rows[0]?.name ?? '')
      const latest = await postgrator.getMaxVersion()
      const before = await versionOf(client)
      if (before > latest) throw newer(before, latest)
      if (before < latest) await postgrator.migrate()
      known = latest
      return latest
    })
  } catch (error) {
    throw explainPostgres(error)
  }
}

const newer = (found: number, known: number) =>
  new FleetFault(
    'newer-schema',
    `the fleet’s record has schema ${found}, this genkan knows ${known}`,
    'update genkan on this kiosk',
  )

async function versionOf(client: Connection): Promise<number> {
  const { rows } = await client.query<{ there: boolean }>(
    `SELECT to_regclass('fleet_schema') IS NOT NULL AS there`,
  )
  if (rows.at(0)?.there !== true) return 0
  const found = await client.query<{ version: string }>(
    'SELECT max(version) AS version FROM fleet_schema',
  )
  return Number(found.rows[0]?.version ?? 0)
}
