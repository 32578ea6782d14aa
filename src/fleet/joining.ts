import { randomBytes } from 'node:crypto'

import { ulid } from 'ulid'
import { z } from 'zod'

import type { Replica } from '../store/replica/replica.js'
import { FleetFault } from './fault.js'
import { makeKioskKeys, publicKeysOf } from './identity.js'
import { macOf } from './members.js'
import { keepMembership, memberSchema, readMembership } from './membership.js'
import type { FleetSecrets, Member, Membership } from './membership.js'
import type { Connection } from './postgres.js'
import { inTransaction } from './postgres.js'
import { deriveKey, seal, unseal } from './seal.js'

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
