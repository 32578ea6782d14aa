import { z } from 'zod'

import type { Replica } from '../store/replica/replica.js'
import { FleetFault } from './fault.js'
import type { KioskKeys } from './identity.js'

const base64 = z.base64().max(4096)
const ulid = z.ulid()

const membershipSchema = z.strictObject({
  /** Id of the fleet. */
  fleet: ulid,
  /** Id of this kiosk in it. */
  kiosk: ulid,
  name: z.string(),
  boxPrivate: base64,
  signPrivate: base64,
  /** For keyed hashes; the same as long as the fleet lives. */
  indexKey: base64,
})

/** That a kiosk is in a fleet, with its secrets; kept in the encrypted store. */
export type Membership = z.output<typeof membershipSchema>

const keysSchema = z.record(z.string().regex(/^\d{1,9}$/), base64)

export const memberSchema = z.strictObject({
  id: ulid,
  name: z.string().min(1).max(100),
  boxKey: base64,
  signKey: base64,
  removed: z.boolean(),
})

/** A kiosk of the fleet as this one knows it; it believes nobody else's word for it without a proof. */
export type Member = z.output<typeof memberSchema>

const rotationSchema = z.strictObject({
  generation: z.int().positive(),
  /** JSON, as it was signed. */
  statement: z.string(),
  signature: base64,
})

/** That the fleet took another key, and whom it left out: one kiosk's signed word, kept by all. */
export type Rotation = z.output<typeof rotationSchema>

/** A key of the fleet with its number, 1, 2, 3, … */
export interface RecordKey {
  readonly generation: number
  readonly key: Buffer
}

/** What a kiosk holds of its fleet. */
export interface FleetSecrets {
  membership(): Membership
  kioskKeys(): KioskKeys
  indexKey(): Buffer
  /** Number of the newest key. */
  generation(): number
  /** What everything is sealed with from now on. @throws Error when it is not held */
  newestKey(): RecordKey
  /** The key of a generation that records are sealed with; `undefined` when it is not held. */
  recordKey(generation: number): Buffer | undefined
  addRecordKey(generation: number, key: Buffer): void
  /** Those since this kiosk joined. */
  rotations(): readonly Rotation[]
  addRotation(rotation: Rotation): void
  members(): readonly Member[]
  setMembers(members: readonly Member[]): void
}

/** What a kiosk remembers of its fleet, or `undefined` when it is in none. */
export function readMembership(replica: Pick<Replica, 'recall'>): Membership | undefined {
  const found = replica.recall('membership')
  return found === undefined ? undefined : membershipSchema.parse(found)
}

/** Reads and keeps the secrets; they are read once, since nobody else changes them while a daemon runs. */
export function openSecrets(replica: Pick<Replica, 'recall' | 'remember'>): FleetSecrets {
  const membership = readMembership(replica)
  if (membership === undefined) {
    throw new FleetFault(
      'not-a-member',
      'this kiosk is in no fleet',
      'begin one (genkan fleet init) or join one (genkan fleet join)',
    )
  }
  const keys = new Map<number, Buffer>(
    Object.entries(keysSchema.parse(replica.recall('keys') ?? {})).map(([generation, key]) => [
      Number(generation),
      Buffer.from(key, 'base64'),
    ]),
  )
  let members = z.array(memberSchema).parse(replica.recall('members') ?? [])
  let rotations = z.array(rotationSchema).parse(replica.recall('rotations') ?? [])
  const indexKey = Buffer.from(membership.indexKey, 'base64')
  const generation = () => Math.max(...keys.keys())

  return {
    membership: () => membership,
    kioskKeys: () => membership,
    indexKey: () => indexKey,
    generation,
    newestKey() {
      const newest = generation()
      const key = keys.get(newest)
      if (key === undefined) throw new Error(`the key of generation ${newest} is not held`)
      return { generation: newest, key }
    },
    recordKey: (generation) => keys.get(generation),
    addRecordKey(generation, key) {
      keys.set(generation, key)
      const all = [...keys].map(([number, bytes]) => [String(number), bytes.toString('base64')])
      replica.remember('keys', Object.fromEntries(all))
    },
    rotations: () => rotations,
    addRotation(rotation) {
      rotations = [...rotations, rotation]
      replica.remember('rotations', rotations)
    },
    members: () => members,
    setMembers(next) {
      members = [...next]
      replica.remember('members', members)
    },
  }
}

/** Keeps what a kiosk has from its beginning or joining. */
export function keepMembership(
  replica: Pick<Replica, 'begin' | 'remember'>,
  given: {
    readonly membership: Membership
    readonly keys: Readonly<Record<string, string>>
    readonly members: readonly Member[]
  },
): void {
  replica.begin(given.membership.kiosk)
  replica.remember('membership', given.membership)
  replica.remember('keys', given.keys)
  replica.remember('members', given.members)
}
