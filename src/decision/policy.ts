import type { Person } from '../store/person.js'
import { isWithin, type WeeklySchedule } from './schedule.js'

/** Whether a recognised person may enter now; `why` is for the record and names no person. */
export type AccessVerdict =
  { readonly outcome: 'permitted' } | { readonly outcome: 'not-permitted'; readonly why: string }

/** What of a person access depends on. */
export type AccessSubject = Pick<Person, 'active' | 'validFromMs' | 'validUntilMs' | 'groups'>

/** What else it depends on. */
export interface AccessRules {
  /**
   * When a group may enter; `null` at all times.
   * @throws when it is not known: then nobody of the group enters
   */
  readonly scheduleOf: (group: string) => WeeklySchedule | null
  readonly lockdown: boolean
  /** Groups that may use the door; `null`, or left out, for everybody, none for nobody. */
  readonly doorGroups?: readonly string[] | null
}

const deny = (why: string): AccessVerdict => ({ outcome: 'not-permitted', why })

/** Whether a person may use a door at all, at whatever time. */
export function mayUseDoor(
  { groups }: Pick<AccessSubject, 'groups'>,
  doorGroups: readonly string[] | null,
): boolean {
  return doorGroups === null || groups.some((group) => doorGroups.includes(group))
}

/**
 * Applies the access policy. Of several groups any one that is open now is enough; a person in no
 * group is bound by validity alone. What cannot be found out denies.
 * @param nowMs wall clock
 */
export function judgeAccess(
  person: AccessSubject,
  { scheduleOf, lockdown, doorGroups = null }: AccessRules,
  nowMs: number,
): AccessVerdict {
  if (lockdown) return deny('the door is locked down')
  if (!person.active) return deny('the person is not active')
  if (!Number.isFinite(nowMs)) return deny('the time is not known')
  if (person.validFromMs !== null && nowMs < person.validFromMs) {
    return deny('the person is not admitted yet')
  }
  if (person.validUntilMs !== null && nowMs >= person.validUntilMs) {
    return deny('the time that the person was admitted for is over')
  }
  if (!mayUseDoor(person, doorGroups)) return deny('the person’s groups do not open this door')
  if (person.groups.length === 0) return { outcome: 'permitted' }
  const groups =
    doorGroups === null
      ? person.groups
      : person.groups.filter((group) => doorGroups.includes(group))
  let unknown = false
  for (const group of groups) {
    try {
      const schedule = scheduleOf(group)
      if (schedule === null || isWithin(schedule, nowMs)) return { outcome: 'permitted' }
    } catch {
      unknown = true
    }
  }
  return deny(
    unknown
      ? 'a schedule of the person cannot be read'
      : 'outside the hours of the person’s groups',
  )
}
