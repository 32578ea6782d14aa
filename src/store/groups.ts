import type Database from 'better-sqlite3-multiple-ciphers'
import { z } from 'zod'

import { weeklyScheduleSchema, type WeeklySchedule } from '../decision/schedule.js'
import type { AuditLog } from './audit.js'
import { parseInput } from './input.js'
import { StoreError } from './store-error.js'

/** Id of an access group, short and readable, such as `cleaners`. */
export const groupIdSchema = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,31}$/, 'takes 1 to 32 small letters, digits and -')

const groupSchema = z.strictObject({
  id: groupIdSchema,
  name: z.string().trim().min(1).max(100),
})

/** People who may enter at the same times. */
export interface AccessGroup {
  readonly id: string
  readonly name: string
  readonly persons: number
}

/** When a group may enter; `null` while nobody has said, which permits all times. */
export interface GroupSchedule {
  readonly schedule: WeeklySchedule | null
  /** 0 while there is none; raised by every change. */
  readonly version: number
}

/** The access groups with their schedules. */
export interface Groups {
  list(): AccessGroup[]
  /** `undefined` when the id is taken. @throws StoreError `invalid-value` */
  create(group: { id: string; name: string }, actor: string): AccessGroup | undefined
  /** A group with members stays: they would else be admitted at all times. */
  remove(id: string, actor: string): 'removed' | 'no-such-group' | 'in-use'
  /** `undefined` when there is no such group. @throws StoreError `corrupt-row` */
  schedule(id: string): GroupSchedule | undefined
  /** @param version as last read; without it the change is made in any case */
  setSchedule(
    id: string,
    schedule: WeeklySchedule,
    actor: string,
    version?: number,
  ): GroupSchedule | 'no-such-group' | 'stale'
}

/** The {@link Groups} of a database. */
export function createGroups(
  database: Database.Database,
  options: { nowMs: () => number; audit: AuditLog },
): Groups {
  const { nowMs, audit } = options
  const columns = `SELECT g.id, g.name, count(p.person_id) AS persons
    FROM groups g LEFT JOIN person_groups p ON p.group_id = g.id`
  const selectAll = database.prepare<[], AccessGroup>(`${columns} GROUP BY g.id ORDER BY g.id`)
  const select = database.prepare<[string], AccessGroup>(`${columns} WHERE g.id = ? GROUP BY g.id`)
  const insert = database.prepare<[string, string, number]>(
    'INSERT INTO groups (id, name, created_at_ms) VALUES (?, ?, ?)',
  )
  const removeGroup = database.prepare<[string]>('DELETE FROM groups WHERE id = ?')
  const selectSchedule = database.prepare<[string], { body: string; version: number }>(
    'SELECT body, version FROM schedules WHERE group_id = ?',
  )
  const upsertSchedule = database.prepare<[string, string, number]>(
    `INSERT INTO schedules (group_id, body, version) VALUES (?, ?, ?)
     ON CONFLICT (group_id) DO UPDATE SET body = excluded.body, version = excluded.version`,
  )

  const create = database.transaction((input: { id: string; name: string }, actor: string) => {
    const { id, name } = parseInput(groupSchema, input, 'group')
    if (select.get(id) !== undefined) return undefined
    insert.run(id, name, nowMs())
    audit.append({ actor, action: 'group.create', subjectId: id })
    return { id, name, persons: 0 }
  })

  const remove = database.transaction((id: string, actor: string) => {
    const group = select.get(id)
    if (group === undefined) return 'no-such-group'
    if (group.persons > 0) return 'in-use'
    removeGroup.run(id)
    audit.append({ actor, action: 'group.delete', subjectId: id })
    return 'removed'
  })

  function schedule(id: string): GroupSchedule | undefined {
    if (select.get(id) === undefined) return undefined
    const row = selectSchedule.get(id)
    if (row === undefined) return { schedule: null, version: 0 }
    try {
      return {
        schedule: weeklyScheduleSchema.parse(JSON.parse(row.body)),
        version: row.version,
      }
    } catch {
      throw new StoreError({
        code: 'corrupt-row',
        what: `the schedule of group ${id} can't be read`,
        cure: `set the schedule of group ${id} anew`,
      })
    }
  }

  const setSchedule = database.transaction(
    (id: string, input: WeeklySchedule, actor: string, version?: number) => {
      const next = parseInput(weeklyScheduleSchema, input, 'schedule')
      if (select.get(id) === undefined) return 'no-such-group'
      const known = selectSchedule.get(id)?.version ?? 0
      if (version !== undefined && version !== known) return 'stale'
      upsertSchedule.run(id, JSON.stringify(next), known + 1)
      audit.append({ actor, action: 'schedule.change', subjectId: id })
      return { schedule: next, version: known + 1 }
    },
  )

  return {
    list: () => selectAll.all(),
    create: (group, actor) => create.immediate(group, actor),
    remove: (id, actor) => remove.immediate(id, actor),
    schedule,
    setSchedule: (id, next, actor, version) => setSchedule.immediate(id, next, actor, version),
  }
}
