import t from 'tap'

import { judgeAccess } from '../../src/decision/policy.js'
import type { AccessSubject } from '../../src/decision/policy.js'
import { isWithin, weeklyScheduleSchema } from '../../src/decision/schedule.js'

const person: AccessSubject = { active: true, validFromMs: null, validUntilMs: null, groups: [] }
const anyTime = { scheduleOf: () => null, lockdown: false }
const NOON = Date.parse('2026-11-24T12:00:00+09:00')

const weekdays = ['mon', 'tue', 'wed', 'thu', 'fri']
const office = weeklyScheduleSchema.parse({
  timeZone: 'Asia/Tokyo',
  weekly: [
    { days: weekdays, from: '08:30', to: '18:00' },
    { days: ['fri'], from: '22:00', to: '06:00' },
  ],
  holidays: [
    { date: '2026-11-23' },
    { date: '2026-12-28', windows: [{ from: '10:00', to: '12:00' }] },
  ],
})
const at = (local: string) => isWithin(office, Date.parse(`${local}+09:00`))

t.test('validity, activity and lockdown bind everybody', (t) => {
  const outcome = (change: Partial<AccessSubject>, rules = anyTime, nowMs = NOON) =>
    judgeAccess({ ...person, ...change }, rules, nowMs).outcome
  t.equal(outcome({}), 'permitted')
  t.equal(outcome({ active: false }), 'not-permitted')
  t.equal(outcome({ validFromMs: NOON }), 'permitted', 'from that very moment')
  t.equal(outcome({ validFromMs: NOON + 1 }), 'not-permitted')
  t.equal(outcome({ validUntilMs: NOON + 1 }), 'permitted')
  t.equal(outcome({ validUntilMs: NOON }), 'not-permitted', 'no longer at that moment')
  t.equal(outcome({}, { ...anyTime, lockdown: true }), 'not-permitted')
  t.equal(outcome({}, anyTime, NaN), 'not-permitted', 'a clock that is lost opens nothing')
  t.end()
})

t.test('one open group is enough; a schedule that cannot be read opens nothing', (t) => {
  const never = { ...office, weekly: [] }
  const rules = {
    lockdown: false,
    scheduleOf(group: string) {
      if (group === 'staff') return office
      if (group === 'never') return never
      throw new Error('the store is locked')
    },
  }
  const outcome = (groups: string[], nowMs = NOON) =>
    judgeAccess({ ...person, groups }, rules, nowMs).outcome
  t.equal(outcome(['staff']), 'permitted')
  t.equal(outcome(['never', 'staff']), 'permitted')
  t.equal(outcome(['never']), 'not-permitted')
  t.equal(outcome(['broken']), 'not-permitted')
  t.equal(outcome(['broken', 'staff']), 'permitted')
  t.equal(outcome(['staff'], NOON + 12 * 3_600_000), 'not-permitted')
  t.end()
})

t.test('the clock on the wall of the time zone counts, through the night and on holidays', (t) => {
  t.equal(at('2026-11-24T08:29:59'), false)
  t.equal(at('2026-11-24T08:30:00'), true)
  t.equal(at('2026-11-24T18:00:00'), false)
  t.equal(at('2026-11-28T05:59:00'), true, 'from Friday night into Saturday')
  t.equal(at('2026-11-28T06:00:00'), false)
  t.equal(at('2026-11-29T05:59:00'), false, 'not from Saturday into Sunday')
  t.equal(at('2026-11-23T12:00:00'), false, 'a Monday that is a holiday')
  t.equal(at('2026-12-28T11:00:00'), true, 'a holiday with a window of its own')
  t.equal(at('2026-12-28T13:00:00'), false)
  t.end()
})

t.test('a change to summer time moves the hours with the clock', (t) => {
  const berlin = { ...office, timeZone: 'Europe/Berlin', holidays: [] }
  t.equal(isWithin(berlin, Date.parse('2026-03-27T07:45:00Z')), true, '08:45 in winter time')
  t.equal(isWithin(berlin, Date.parse('2026-03-30T06:45:00Z')), true, '08:45 in summer time')
  t.equal(isWithin(berlin, Date.parse('2026-03-30T16:30:00Z')), false, '18:30 in summer time')
  t.end()
})

t.test('what is no schedule is refused', (t) => {
  for (const bad of [
    { timeZone: 'Mars/Olympus', weekly: [] },
    { timeZone: 'Asia/Tokyo', weekly: [{ days: ['mon'], from: '25:00', to: '26:00' }] },
    { timeZone: 'Asia/Tokyo', weekly: [{ days: [], from: '08:00', to: '09:00' }] },
    { timeZone: 'Asia/Tokyo', weekly: [], holidays: [{ date: '2026-02-30' }] },
  ]) {
    t.equal(weeklyScheduleSchema.safeParse(bad).success, false, JSON.stringify(bad))
  }
  t.end()
})

t.test('a door with groups admits their members, by the hours of those groups alone', (t) => {
  const never = { ...office, weekly: [] }
  const rules = {
    lockdown: false,
    scheduleOf: (group: string) => (group === 'night' ? never : null),
    doorGroups: ['staff', 'night'],
  }
  const outcome = (groups: string[]) => judgeAccess({ ...person, groups }, rules, NOON).outcome
  t.equal(outcome(['staff']), 'permitted')
  t.equal(outcome([]), 'not-permitted', 'no group opens it')
  t.equal(outcome(['guests']), 'not-permitted')
  t.equal(outcome(['guests', 'night']), 'not-permitted', 'the hours of guests do not count here')
  t.equal(outcome(['night', 'staff']), 'permitted')
  t.end()
})
