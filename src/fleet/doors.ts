import { z } from 'zod'

import type { MemberRow } from './members.js'

const text = (max: number) => z.string().max(max).nullable().catch(null)
const count = z.int().nonnegative().nullable().catch(null)

/** Pairs of persons that a door tells of at most. */
export const MAX_TOLD_DUPLICATES = 20

const rolloutStateSchema = z.object({
  encoder: z.string().max(200),
  unseen: z.int().nonnegative(),
  hindrance: z.string().max(500).nullable(),
})

/** What a door says of itself; anybody who can write to the database could say it, so nothing hangs on it. */
const statusSchema = z.object({
  version: text(100),
  door: text(100),
  health: z.enum(['online', 'degraded']).nullable().catch(null),
  cause: text(500),
  models: z.record(z.string().max(100), z.string().max(200)).catch({}),
  calibration: text(100),
  groups: z.array(z.string().max(100)).max(100).catch([]),
  admitsNobody: z.boolean().catch(false),
  sequence: count,
  pending: count,
  rollout: rolloutStateSchema.nullable().catch(null),
})

const duplicatesSchema = z.object({
  duplicates: z.array(z.tuple([z.ulid(), z.ulid()])).max(MAX_TOLD_DUPLICATES),
})

/** A door of the fleet with what it last said of itself. */
export interface FleetDoor extends z.output<typeof statusSchema> {
  readonly kiosk: string
  readonly name: string
  /** `unknown`: no kiosk vouches for it. */
  readonly standing: 'member' | 'removed' | 'unknown'
  readonly isThis: boolean
  /** ISO 8601, by the server's clock. */
  readonly seenAt: string | null
}

/** @param kiosk id of the one that asks */
export function toFleetDoor(row: MemberRow, kiosk: string): FleetDoor {
  const said = z.record(z.string(), z.unknown()).catch({}).parse(row.status)
  return {
    ...statusSchema.parse(said),
    kiosk: row.id,
    name: row.name,
    standing: row.removed ? 'removed' : row.trusted ? 'member' : 'unknown',
    isThis: row.id === kiosk,
    seenAt: row.seenAt?.toISOString() ?? null,
  }
}

/** Pairs of persons of whom a door says that they have one face; to be looked at before it is believed. */
export function toldDuplicates({ status }: Pick<MemberRow, 'status'>): [string, string][] {
  const said = duplicatesSchema.safeParse(status)
  return said.success ? said.data.duplicates : []
}
