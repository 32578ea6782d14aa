import { randomBytes } from 'node:crypto'

import { ulid } from 'ulid'
import { z } from 'zod'

import type { Replica } from '../store/replica/replica.js'
import { FleetFault } from './fault.js'
import { makeKioskKeys, publicKeysOf } from './identity.js'
import { keepMembership, memberSchema, readMembership } from './membership.js'
import type { FleetSecrets, Member, Membership } from './membership.js'
import type { Connection } from './postgres.js'
import { inTransaction } from './postgres.js'
import { deriveKey, keyedHash, sameBytes, seal, unseal } from './seal.js'

const KEY_BYTES = 32
const INVITATION = /^genkan-fleet_([0-9A-HJKMNP-TV-Z]{26})_([0-9A-HJKMNP-TV-Z]{26})_([\w-]{43})$/
const DEFAULT_INVITATION_HOURS = 24

type ReplicaOfJoining = Pick<Replica, 'begin' | 'recall' | 'remember'>

const kioskNameSchema = z
  .string()
  .regex(/^[\p{L}\p{N}_ .-]{1,100}$/u, 'takes 1 to 100 letters, digits, spaces and _ . -')

const bundleSchema = z.strictObject({
  fleet: z.ulid(),
  indexKey: z.base64(),
  keys: z.record(z.string(), z.base64()),
  members: z.array(memberSchema).max(10_000),
})

function toMember({ kiosk, name, ...keys }: Membership): Member {
  const { boxKey, signKey } = publicKeysOf(keys)
  return {
    id: kiosk,
    name,
    boxKey: boxKey.toString('base64'),
    signKey: signKey.toString('base64'),
    removed: false,
  }
}

/** Proves to whoever holds the fleet's key that a holder of it vouched for a kiosk. */
export function macOf(recordKey: Buffer, fleet: string, member: Member): Buffer {
  const { id, name, boxKey, signKey } = member
  return keyedHash(
    deriveKey(recordKey, 'members'),
    JSON.stringify([fleet, id, name, boxKey, signKey]),
  )
}

async function insertMember(
  client: Connection,
  fleet: string,
  member: Member,
  generation: number,
  recordKey: Buffer,
): Promise<void> {
  await client.query(
    `INSERT INTO fleet_member (id, name, box_key, sign_key, generation, mac)
     VALUES ($1, $2, $3, $4, $5, $6)`,
    [
      member.id,
      member.name,
      Buffer.from(member.boxKey, 'base64'),
      Buffer.from(member.signKey, 'base64'),
      generation,
      macOf(recordKey, fleet, member),
    ],
  )
}

function newMembership(fleet: string, name: string, indexKey: Buffer): Membership {
  const parsed = kioskNameSchema.safeParse(name)
  if (!parsed.success) {
    const cause = `the kiosk’s name ${parsed.error.issues[0]?.message ?? 'is not acceptable'}`
    throw new FleetFault('bad-input', cause, 'give another --name')
  }
  return {
    fleet,
    kiosk: ulid(),
    name: parsed.data,
    ...makeKioskKeys(),
    indexKey: indexKey.toString('base64'),
  }
}

function checkIsFree(replica: ReplicaOfJoining): void {
  if (readMembership(replica) === undefined) return
  throw new FleetFault(
    'bad-input',
    'this kiosk is in a fleet already',
    'leave it first (genkan fleet leave)',
  )
}

/**
 * Makes a fleet in an empty record, with this kiosk as its first; everything enrolled here goes into it.
 * @throws FleetFault `bad-input`
 */
export async function beginFleet(
  client: Connection,
  replica: ReplicaOfJoining,
  name: string,
): Promise<Membership> {
  checkIsFree(replica)
  const membership = newMembership(ulid(), name, randomBytes(KEY_BYTES))
  const recordKey = randomBytes(KEY_BYTES)
  const member = toMember(membership)
  await inTransaction(client, async () => {
    const { rowCount } = await client.query(
      `INSERT INTO fleet (id, generation, seq, commit_id) VALUES ($1, 1, 0, '')
       ON CONFLICT DO NOTHING`,
      [membership.fleet],
    )
    if (rowCount === 0) {
      throw new FleetFault(
        'bad-input',
        'this database holds a fleet already',
        'ask one of its kiosks for an invitation (genkan fleet invite), or use an empty database',
      )
    }
    await insertMember(client, membership.fleet, member, 1, recordKey)
  })
  keepMembership(replica, {
    membership,
    keys: { 1: recordKey.toString('base64') },
    members: [member],
  })
  return membership
}

/**
 * Writes an invitation for one kiosk; its text is the only thing that opens it.
 * @returns the text, once
 */
export async function invite(
  client: Connection,
  secrets: FleetSecrets,
  hours = DEFAULT_INVITATION_HOURS,
): Promise<string> {
  const { fleet, indexKey } = secrets.membership()
  const id = ulid()
  const secret = randomBytes(KEY_BYTES)
  const { generation, key } = secrets.newestKey()
  // The newest alone: what older ones seal is believed only where it is known already.
  const keys = { [String(generation)]: key.toString('base64') }
  const bundle = { fleet, indexKey, keys, members: secrets.members() }
  const sealed = seal(
    deriveKey(secret, 'invitation'),
    `${fleet}/${id}`,
    Buffer.from(JSON.stringify(bundle)),
  )
  await client.query(
    `INSERT INTO fleet_invitation (id, sealed, expires_at)
     VALUES ($1, $2, now() + make_interval(hours => $3))`,
    [id, sealed, hours],
  )
  return `genkan-fleet_${fleet}_${id}_${secret.toString('base64url')}`
}

/**
 * Joins the fleet of an invitation, which is used up by it.
 * @throws FleetFault `bad-invitation`, `bad-input`
 */
export async function joinFleet(
  client: Connection,
  replica: ReplicaOfJoining,
  name: string,
  invitation: string,
): Promise<Membership> {
  checkIsFree(replica)
  const bad = (cause: string) =>
    new FleetFault('bad-invitation', cause, 'ask for another (genkan fleet invite)')
  const [, fleet = '', id = '', secret = ''] = INVITATION.exec(invitation.trim()) ?? []
  if (fleet === '') throw bad('this is no invitation')
  const joined = await inTransaction(client, async () => {
    const { rows } = await client.query<{ sealed: Buffer }>(
      'DELETE FROM fleet_invitation WHERE id = $1 AND expires_at > now() RETURNING sealed',
      [id],
    )
    const row = rows.at(0)
    if (row === undefined) throw bad('the invitation was used, has expired, or is of another fleet')
    const key = deriveKey(Buffer.from(secret, 'base64url'), 'invitation')
    const plain = unseal(key, `${fleet}/${id}`, row.sealed)
    if (plain === undefined) throw bad('the invitation does not open what it names')
    const bundle = bundleSchema.parse(JSON.parse(plain.toString('utf8')))
    const generation = Math.max(...Object.keys(bundle.keys).map(Number))
    const head = await client.query<{ id: string; generation: number }>(
      'SELECT id, generation FROM fleet FOR SHARE',
    )
    if (head.rows[0]?.id !== fleet || head.rows[0].generation !== generation) {
      throw bad('the fleet has changed its key since')
    }
    const membership = newMembership(fleet, name, Buffer.from(bundle.indexKey, 'base64'))
    const recordKey = Buffer.from(bundle.keys[String(generation)] ?? '', 'base64')
    const member = toMember(membership)
    await insertMember(client, fleet, member, generation, recordKey)
    return { membership, keys: bundle.keys, members: [...bundle.members, member] }
  })
  keepMembership(replica, joined)
  return joined.membership
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
