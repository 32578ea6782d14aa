import { z } from 'zod'

import { followsLink } from '../store/audit.js'
import type { AuditLink, AuditLog } from '../store/audit.js'
import { FleetFault } from './fault.js'
import type { FleetSecrets } from './membership.js'
import type { Connection } from './postgres.js'
import { seal, unseal } from './seal.js'

const ROWS_A_STATEMENT = 200
const ROWS_A_READING = 1000

const hash = z.string().regex(/^[0-9a-f]{64}$/)

const linkSchema = z.strictObject({
  sequence: z.int().positive(),
  atMs: z.int(),
  actor: z.string(),
  action: z.string(),
  subjectId: z.string().nullable(),
  previousHash: hash,
  hash,
})

interface AuditRow {
  readonly sequence: string
  readonly generation: number
  readonly ciphertext: Buffer
}

const contextOf = (fleet: string, kiosk: string, sequence: number, generation: number) =>
  JSON.stringify([fleet, 'audit', kiosk, sequence, generation])

function open(secrets: FleetSecrets, kiosk: string, row: AuditRow): AuditLink | undefined {
  const { fleet } = secrets.membership()
  const key = secrets.recordKey(row.generation)
  const context = contextOf(fleet, kiosk, Number(row.sequence), row.generation)
  const plain = key && unseal(key, context, row.ciphertext)
  if (plain === undefined) return undefined
  const parsed = linkSchema.safeParse(JSON.parse(plain.toString('utf8')))
  return parsed.success && String(parsed.data.sequence) === row.sequence ? parsed.data : undefined
}

/** Rows as the statements take them: numbers and ciphertexts, by the newest key. */
function sealLinks(secrets: FleetSecrets, links: readonly AuditLink[]) {
  const { fleet, kiosk } = secrets.membership()
  const { generation, key } = secrets.newestKey()
  const ciphertexts = links.map((link) => {
    const context = contextOf(fleet, kiosk, link.sequence, generation)
    return seal(key, context, Buffer.from(JSON.stringify(link), 'utf8'))
  })
  return [kiosk, generation, links.map(({ sequence }) => sequence), ciphertexts]
}

/** The last row of a kiosk that the database has. */
async function lastRow(client: Connection, kiosk: string): Promise<AuditRow | undefined> {
  const { rows } = await client.query<AuditRow>({
    name: 'fleet audit head',
    text: `SELECT sequence, generation, ciphertext FROM fleet_audit
           WHERE kiosk = $1 ORDER BY sequence DESC LIMIT 1`,
    values: [kiosk],
  })
  return rows.at(0)
}

/**
 * Writes to the fleet's database what it lacks of this kiosk's audit, sealed, each row once. A database
 * that was restored from a backup gets again what it lost.
 * @returns the number of the last row that is there now
 * @throws FleetFault `untrusted` when what is there is of another history than this kiosk's
 */
export async function writeAudit(
  client: Connection,
  secrets: FleetSecrets,
  audit: Pick<AuditLog, 'linksAfter'>,
): Promise<number> {
  const { kiosk } = secrets.membership()
  const there = await lastRow(client, kiosk)
  let last = Number(there?.sequence ?? 0)
  if (there !== undefined) {
    const here = audit.linksAfter(last - 1, 1).at(0)
    if (here === undefined || here.hash !== open(secrets, kiosk, there)?.hash) {
      const cause = 'the fleet’s database holds another audit of this kiosk than its own store does'
      const cure = 'if this store was restored from a backup, leave the fleet and join it again'
      throw new FleetFault('untrusted', cause, cure)
    }
  }
  for (;;) {
    const links = audit.linksAfter(last, ROWS_A_STATEMENT)
    if (links.length === 0) return last
    await client.query(
      `INSERT INTO fleet_audit (kiosk, sequence, generation, ciphertext)
       SELECT $1, sequence, $2, ciphertext FROM unnest($3::bigint[], $4::bytea[])
         AS row (sequence, ciphertext)
       ON CONFLICT (kiosk, sequence) DO NOTHING`,
      sealLinks(secrets, links),
    )
    last = links.at(-1)?.sequence ?? last
  }
}

/**
 * Seals with the newest key what the database holds of this kiosk's audit under older ones, out of the
 * kiosk's own store, so that a removed kiosk's key opens none of it any more. Goes on where it was cut.
 */
export async function resealAudit(
  client: Connection,
  secrets: FleetSecrets,
  audit: Pick<AuditLog, 'linksAfter'>,
): Promise<void> {
  let last = 0
  for (;;) {
    const links = audit.linksAfter(last, ROWS_A_STATEMENT)
    if (links.length === 0) return
    await client.query(
      `UPDATE fleet_audit SET generation = $2, ciphertext = row.ciphertext
       FROM unnest($3::bigint[], $4::bytea[]) AS row (sequence, ciphertext)
       WHERE kiosk = $1 AND fleet_audit.sequence = row.sequence AND generation < $2`,
      sealLinks(secrets, links),
    )
    last = links.at(-1)?.sequence ?? last
  }
}

/** A kiosk's audit as the database has it. */
export interface KioskAudit {
  readonly kiosk: string
  /** Rows found whole, from the first on. */
  readonly whole: number
  /** Number of the row where the chain breaks; `null` when it holds to its end. */
  readonly brokenAt: number | null
  /** The last of them, newest first. */
  readonly entries: readonly AuditLink[]
}

/**
 * Reads a kiosk's audit from its beginning and follows its chain. That the end was cut off, or that a
 * removed kiosk with the old key wrote its own anew, cannot be seen here; its own store can tell.
 * @param keep how many of the last rows are wanted
 */
export async function readAudit(
  client: Connection,
  secrets: FleetSecrets,
  kiosk: string,
  keep: number,
): Promise<KioskAudit> {
  let previous: AuditLink | undefined
  let kept: AuditLink[] = []
  for (;;) {
    const whole = previous?.sequence ?? 0
    const { rows } = await client.query<AuditRow>(
      `SELECT sequence, generation, ciphertext FROM fleet_audit
       WHERE kiosk = $1 AND sequence > $2 ORDER BY sequence LIMIT $3`,
      [kiosk, whole, ROWS_A_READING],
    )
    for (const row of rows) {
      const link = open(secrets, kiosk, row)
      if (link === undefined || !followsLink(previous, link)) {
        const brokenAt = (previous?.sequence ?? 0) + 1
        return { kiosk, whole: brokenAt - 1, brokenAt, entries: kept.reverse() }
      }
      previous = link
      kept.push(link)
    }
    kept = kept.slice(-keep)
    if (rows.length < ROWS_A_READING) {
      const entries = keep === 0 ? [] : kept.reverse()
      return { kiosk, whole: previous?.sequence ?? 0, brokenAt: null, entries }
    }
  }
}
