import { createHash, randomBytes } from 'node:crypto'

import { z } from 'zod'

import type { Replica } from '../store/replica/replica.js'
import { FleetFault } from './fault.js'
import { isSignedBy, sealFor, signText, unsealFor } from './identity.js'
import { listMembers, macOf } from './members.js'
import type { FleetSecrets, Member, Rotation } from './membership.js'
import type { Connection } from './postgres.js'
import { inTransaction } from './postgres.js'

const KEY_BYTES = 32

const statementSchema = z.strictObject({
  fleet: z.ulid(),
  generation: z.int().positive(),
  /** SHA-256 of the new key. */
  keyHash: z.string(),
  removed: z.array(z.ulid()),
  by: z.ulid(),
})

const keyContext = (fleet: string, generation: number, member: string) =>
  `${fleet}/${generation}/${member}`

const hashOf = (key: Buffer) => createHash('sha256').update(key).digest('hex')

const withoutThese = (members: readonly Member[], removed: readonly string[]) =>
  members.map((one) => (removed.includes(one.id) ? { ...one, removed: true } : one))

/** Hands a new key to everybody who stays. Within a transaction that holds the head. */
async function writeRotation(
  client: Connection,
  secrets: FleetSecrets,
  rotation: Rotation,
  recordKey: Buffer,
): Promise<void> {
  const { fleet } = secrets.membership()
  const { generation, removed } = statementSchema.parse(JSON.parse(rotation.statement))
  await client.query(
    'INSERT INTO fleet_rotation (generation, statement, signature) VALUES ($1, $2, $3)',
    [generation, rotation.statement, Buffer.from(rotation.signature, 'base64')],
  )
  const staying = secrets.members().filter(({ id }) => !removed.includes(id))
  for (const member of staying) {
    const context = keyContext(fleet, generation, member.id)
    const sealed = sealFor(Buffer.from(member.boxKey, 'base64'), context, recordKey)
    await client.query('INSERT INTO fleet_key (generation, member, sealed) VALUES ($1, $2, $3)', [
      generation,
      member.id,
      sealed,
    ])
    await client.query('UPDATE fleet_member SET generation = $2, mac = $3 WHERE id = $1', [
      member.id,
      generation,
      macOf(recordKey, fleet, member),
    ])
  }
  await client.query('UPDATE fleet_member SET removed = true WHERE id = ANY($1)', [removed])
  await client.query('DELETE FROM fleet_invitation')
  await client.query('UPDATE fleet SET generation = $1', [generation])
}

/**
 * Takes a kiosk out: the fleet gets a new key, sealed for everybody else, by a statement that this kiosk
 * signs. What the record holds is then sealed anew by {@link resealRecords}; for that this kiosk must
 * know all of it, so it reads the record first.
 * @throws FleetFault `bad-input` for an unknown kiosk, this one, or while others write
 */
export async function removeMember(
  client: Connection,
  secrets: FleetSecrets,
  replica: Pick<Replica, 'cursor'>,
  who: string,
): Promise<void> {
  const { fleet, kiosk } = secrets.membership()
  await listMembers(client, secrets)
  const gone = secrets.members().find(({ id, name }) => id === who || name === who)
  if (gone === undefined || gone.removed || gone.id === kiosk) {
    const cause = gone?.id === kiosk ? 'a kiosk cannot remove itself' : `there is no kiosk ${who}`
    throw new FleetFault('bad-input', cause, 'see `genkan fleet members`; ask another kiosk to')
  }
  const generation = secrets.generation() + 1
  const recordKey = randomBytes(KEY_BYTES)
  const before = secrets.members().flatMap((member) => (member.removed ? [member.id] : []))
  const removed = [...before, gone.id]
  const keyHash = hashOf(recordKey)
  const statement = JSON.stringify({ fleet, generation, keyHash, removed, by: kiosk })
  const signature = signText(secrets.kioskKeys(), statement).toString('base64')
  await inTransaction(client, async () => {
    const { rows } = await client.query<{ generation: number; commit_id: string }>(
      'SELECT generation, commit_id FROM fleet FOR UPDATE',
    )
    const head = rows.at(0)
    const { check, given } = replica.cursor()
    const isRead = head?.commit_id === check.commit || head?.commit_id === given.commit
    if (head?.generation !== generation - 1 || !isRead) {
      const cause = 'another kiosk wrote to the fleet’s record meanwhile'
      throw new FleetFault('bad-input', cause, 'try again in a moment')
    }
    await writeRotation(client, secrets, { generation, statement, signature }, recordKey)
  })
  secrets.addRecordKey(generation, recordKey)
  secrets.addRotation({ generation, statement, signature })
  secrets.setMembers(withoutThese(secrets.members(), removed))
}

const untrusted = (cause: string) =>
  new FleetFault(
    'untrusted',
    cause,
    'find out who wrote to the fleet’s database; this kiosk takes nothing from it until then',
  )

/**
 * Fetches the keys up to a generation, each by a statement signed by a kiosk that is trusted here.
 * @throws FleetFault `removed` when there is none for this kiosk, `untrusted`
 */
export async function fetchKeys(
  client: Connection,
  secrets: FleetSecrets,
  generation: number,
): Promise<void> {
  const { fleet, kiosk } = secrets.membership()
  for (let next = secrets.generation() + 1; next <= generation; next++) {
    const { rows } = await client.query<{
      statement: string
      signature: Buffer
      sealed: Buffer | null
    }>(
      `SELECT r.statement, r.signature, k.sealed FROM fleet_rotation r
       LEFT JOIN fleet_key k ON k.generation = r.generation AND k.member = $2
       WHERE r.generation = $1`,
      [next, kiosk],
    )
    const row = rows.at(0)
    if (row === undefined) throw untrusted(`key ${next} of the fleet comes without a statement`)
    await listMembers(client, secrets)
    const statement = statementSchema.parse(JSON.parse(row.statement))
    const by = secrets.members().find(({ id }) => id === statement.by)
    const isTrue =
      by?.removed === false &&
      statement.fleet === fleet &&
      statement.generation === next &&
      isSignedBy(Buffer.from(by.signKey, 'base64'), row.statement, row.signature)
    if (!isTrue) throw untrusted(`key ${next} of the fleet is not signed by one of its kiosks`)
    if (row.sealed === null || statement.removed.includes(kiosk)) {
      throw new FleetFault(
        'removed',
        'this kiosk was removed from the fleet',
        'leave it (genkan fleet leave), and join again with an invitation if that was a mistake',
      )
    }
    const recordKey = unsealFor(secrets.kioskKeys(), keyContext(fleet, next, kiosk), row.sealed)
    if (recordKey === undefined || hashOf(recordKey) !== statement.keyHash) {
      throw untrusted(`key ${next} of the fleet is not the one that was signed`)
    }
    secrets.addRecordKey(next, recordKey)
    secrets.addRotation({
      generation: next,
      statement: row.statement,
      signature: row.signature.toString('base64'),
    })
    secrets.setMembers(withoutThese(secrets.members(), statement.removed))
  }
}

/**
 * Gives the keys back to a record that was restored from a backup older than they are, as they were
 * signed: whoever was removed stays removed.
 * @returns whether all were given back; not those from before this kiosk joined
 */
export async function giveBackKeys(client: Connection, secrets: FleetSecrets): Promise<boolean> {
  return inTransaction(client, async () => {
    const { rows } = await client.query<{ generation: number }>(
      'SELECT generation FROM fleet FOR UPDATE',
    )
    for (let next = (rows[0]?.generation ?? 0) + 1; next <= secrets.generation(); next++) {
      const rotation = secrets.rotations().find(({ generation }) => generation === next)
      const recordKey = secrets.recordKey(next)
      if (rotation === undefined || recordKey === undefined) return false
      await writeRotation(client, secrets, rotation, recordKey)
    }
    return true
  })
}
