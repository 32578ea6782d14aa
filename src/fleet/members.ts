import { memberSchema } from './membership.js'
import type { FleetSecrets, Member } from './membership.js'
import type { Connection } from './postgres.js'
import { deriveKey, keyedHash, sameBytes } from './seal.js'

/** Proves to whoever holds the fleet's key that a holder of it vouched for a kiosk. */
export function macOf(recordKey: Buffer, fleet: string, member: Member): Buffer {
  const { id, name, boxKey, signKey } = member
  return keyedHash(
    deriveKey(recordKey, 'members'),
    JSON.stringify([fleet, id, name, boxKey, signKey]),
  )
}

/** A kiosk of the fleet with what it last said of itself. */
export interface MemberRow {
  readonly id: string
  readonly name: string
  readonly removed: boolean
  readonly trusted: boolean
  readonly seenAt: Date | null
  readonly status: Readonly<Record<string, unknown>> | null
}

interface StoredMember {
  id: string
  name: string
  box_key: Buffer
  sign_key: Buffer
  generation: number
  mac: Buffer
  removed: boolean
  seen_at: Date | null
  status: Record<string, unknown> | null
}

/** Takes up members whom a holder of the newest key vouches for; nobody who was removed comes back. */
function learn(secrets: FleetSecrets, rows: readonly StoredMember[]): void {
  const { fleet } = secrets.membership()
  const known = new Map(secrets.members().map((member) => [member.id, member]))
  const recordKey = secrets.recordKey(secrets.generation())
  const before = known.size
  for (const row of rows) {
    if (known.has(row.id) || recordKey === undefined) continue
    if (row.generation !== secrets.generation()) continue
    const member = memberSchema.safeParse({
      id: row.id,
      name: row.name,
      boxKey: row.box_key.toString('base64'),
      signKey: row.sign_key.toString('base64'),
      removed: false,
    })
    if (!member.success || !sameBytes(macOf(recordKey, fleet, member.data), row.mac)) continue
    known.set(row.id, member.data)
  }
  if (known.size > before) secrets.setMembers([...known.values()])
}

/** Every kiosk of the fleet. */
export async function listMembers(client: Connection, secrets: FleetSecrets): Promise<MemberRow[]> {
  const { rows } = await client.query<StoredMember>('SELECT * FROM fleet_member ORDER BY id')
  learn(secrets, rows)
  const known = new Map(secrets.members().map((member) => [member.id, member]))
  return rows.map((row) => ({
    id: row.id,
    name: row.name,
    removed: known.get(row.id)?.removed ?? row.removed,
    trusted: known.has(row.id),
    seenAt: row.seen_at,
    status: row.status,
  }))
}

/** The server's clock, by which kiosks are seen. */
export async function serverNowMs(client: Connection): Promise<number> {
  const { rows } = await client.query<{ now: Date }>('SELECT now() AS now')
  return rows[0]?.now.getTime() ?? Number.NaN
}

/** Says that this kiosk is there and how it is. */
export async function reportStatus(
  client: Connection,
  secrets: FleetSecrets,
  status: Readonly<Record<string, unknown>>,
): Promise<void> {
  await client.query('UPDATE fleet_member SET seen_at = now(), status = $2 WHERE id = $1', [
    secrets.membership().kiosk,
    JSON.stringify(status),
  ])
}
