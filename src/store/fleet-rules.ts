import type Database from 'better-sqlite3-multiple-ciphers'
import { z } from 'zod'

import type { AuditLog } from './audit.js'
import { groupIdSchema } from './groups.js'
import { parseInput } from './input.js'
import { StoreError } from './store-error.js'

/** Groups that a door admits; `null` for everybody, none for nobody. */
export const admitsSchema = z.array(groupIdSchema).max(100).nullable()
export type Admits = z.output<typeof admitsSchema>

const modelIdSchema = z.string().min(1).max(200)

/** That doors come to another encoder, stage by stage. */
export const rolloutSchema = z
  .strictObject({
    from: modelIdSchema,
    to: modelIdSchema,
    /** Kiosks of each stage; whoever is in none comes last. */
    stages: z.array(z.array(z.ulid()).min(1).max(1000)).max(20),
    /** How many stages use the new encoder: 0 while pictures are only encoded; one more than there are for all doors. */
    reached: z.int().min(0).max(21),
  })
  .refine(({ stages, reached }) => reached <= stages.length + 1, {
    error: 'has reached more stages than there are',
    path: ['reached'],
  })
export type Rollout = z.output<typeof rolloutSchema>

/** What a fleet says of its doors, as this kiosk has it. */
export interface FleetRules {
  /** Whom a kiosk's door admits; `undefined` where the fleet says nothing. @throws StoreError `corrupt-row` */
  admits(kiosk: string): Admits | undefined
  /** @throws StoreError `invalid-value`, `not-found` for a group that there is not */
  setAdmits(kiosk: string, admits: Admits, actor: string): void
  /** @throws StoreError `corrupt-row` */
  rollout(): Rollout | undefined
  /** @throws StoreError `invalid-value` */
  setRollout(rollout: Rollout, actor: string): void
}

/** The {@link FleetRules} of a database. */
export function createFleetRules(
  database: Database.Database,
  { audit }: { readonly audit: AuditLog },
): FleetRules {
  const selectAdmits = database
    .prepare<[string], string>('SELECT admits FROM fleet_doors WHERE kiosk = ?')
    .pluck()
  const upsertAdmits = database.prepare<[string, string]>(
    `INSERT INTO fleet_doors (kiosk, admits) VALUES (?, ?)
     ON CONFLICT (kiosk) DO UPDATE SET admits = excluded.admits`,
  )
  const hasGroup = database.prepare<[string]>('SELECT 1 FROM groups WHERE id = ?')
  const selectRollout = database
    .prepare<[], string>(`SELECT body FROM fleet_rollouts WHERE id = 'encoder'`)
    .pluck()
  const upsertRollout = database.prepare<[string]>(
    `INSERT INTO fleet_rollouts (id, body) VALUES ('encoder', ?)
     ON CONFLICT (id) DO UPDATE SET body = excluded.body`,
  )

  const setAdmits = database.transaction((kiosk: string, input: Admits, actor: string): void => {
    const admits = parseInput(admitsSchema, input, 'groups of a door')
    const unknown = admits?.find((group) => hasGroup.get(group) === undefined)
    if (unknown !== undefined) {
      const what = `there is no group ${unknown}`
      throw new StoreError({ code: 'not-found', what, cure: 'make it first, in the console' })
    }
    upsertAdmits.run(kiosk, JSON.stringify(admits === null ? null : [...new Set(admits)].sort()))
    audit.append({ actor, action: 'fleet.admits', subjectId: kiosk })
  })

  const setRollout = database.transaction((input: Rollout, actor: string): void => {
    const rollout = parseInput(rolloutSchema, input, 'roll-out')
    upsertRollout.run(JSON.stringify(rollout))
    audit.append({ actor, action: 'fleet.rollout', subjectId: rollout.to.slice(0, 64) })
  })

  function read<Output>(schema: z.ZodType<Output>, body: string, what: string): Output {
    try {
      return schema.parse(JSON.parse(body))
    } catch {
      throw new StoreError({
        code: 'corrupt-row',
        what: `${what} can't be read`,
        cure: 'set it anew',
      })
    }
  }

  return {
    admits(kiosk) {
      const body = selectAdmits.get(kiosk)
      return body === undefined ? undefined : read(admitsSchema, body, 'whom a door admits')
    },
    setAdmits: (kiosk, admits, actor) => setAdmits.immediate(kiosk, admits, actor),
    rollout() {
      const body = selectRollout.get()
      return body === undefined ? undefined : read(rolloutSchema, body, 'the roll-out')
    },
    setRollout: (rollout, actor) => setRollout.immediate(rollout, actor),
  }
}
