import { z } from 'zod'

export const WEEKDAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const
export type Weekday = (typeof WEEKDAYS)[number]

const MINUTES_A_DAY = 24 * 60

const clockSchema = z
  .string()
  .regex(/^([01]\d|2[0-3]):[0-5]\d$|^24:00$/, 'is a time such as 08:30, up to 24:00')

const windowSchema = z.strictObject({
  from: clockSchema,
  to: clockSchema.describe('Not later than `from`: on the next day.'),
})

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name })
    return true
  } catch {
    return false
  }
}

/** When people may enter, by the clock on the wall of a time zone. */
export const weeklyScheduleSchema = z.strictObject({
  timeZone: z
    .string()
    .max(64)
    .refine(isTimeZone, 'is no IANA time zone such as Asia/Tokyo')
    .describe('IANA name, such as `Asia/Tokyo`.'),
  weekly: z
    .array(windowSchema.extend({ days: z.array(z.enum(WEEKDAYS)).min(1).max(7) }))
    .max(50)
    .describe('Windows of the week; none lets nobody in.'),
  holidays: z
    .array(
      z.strictObject({
        date: z.iso.date(),
        name: z.string().max(100).default(''),
        windows: z.array(windowSchema).max(10).default([]),
      }),
    )
    .max(400)
    .default([])
    .describe('Dates with windows of their own; none closes the whole day.'),
})
export type WeeklySchedule = z.output<typeof weeklyScheduleSchema>

interface LocalTime {
  /** `2026-12-24`. */
  readonly date: string
  readonly weekday: Weekday
  readonly minutes: number
}

const formats = new Map<string, Intl.DateTimeFormat>()

function formatOf(timeZone: string): Intl.DateTimeFormat {
  const known = formats.get(timeZone)
  if (known !== undefined) return known
  const format = new Intl.DateTimeFormat('en-CA', {
    timeZone,
    calendar: 'gregory',
    numberingSystem: 'latn',
    hourCycle: 'h23',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
  })
  formats.set(timeZone, format)
  return format
}

function weekdayOf(date: string): Weekday {
  return WEEKDAYS[(new Date(`${date}T00:00:00Z`).getUTCDay() + 6) % 7]
}

function dayBefore(date: string): string {
  return new Date(Date.parse(`${date}T00:00:00Z`) - 86_400_000).toISOString().slice(0, 10)
}

function localTime(atMs: number, timeZone: string): LocalTime {
  const parts = new Map(
    formatOf(timeZone)
      .formatToParts(atMs)
      .map(({ type, value }) => [type, value]),
  )
  const part = (type: Intl.DateTimeFormatPartTypes) => parts.get(type) ?? ''
  const date = `${part('year')}-${part('month')}-${part('day')}`
  return {
    date,
    weekday: weekdayOf(date),
    minutes: Number(part('hour')) * 60 + Number(part('minute')),
  }
}

function minutesOf(clock: string): number {
  const [hours = '', minutes = ''] = clock.split(':')
  return Number(hours) * 60 + Number(minutes)
}

interface MinuteSpan {
  readonly from: number
  /** Beyond {@link MINUTES_A_DAY} on the next day. */
  readonly to: number
}

function spanOf({ from, to }: { from: string; to: string }): MinuteSpan {
  const start = minutesOf(from)
  const end = minutesOf(to)
  return { from: start, to: end > start ? end : end + MINUTES_A_DAY }
}

function spansOf(
  schedule: WeeklySchedule,
  date: string,
): { holiday: boolean; spans: MinuteSpan[] } {
  const holiday = schedule.holidays.find((day) => day.date === date)
  if (holiday !== undefined) return { holiday: true, spans: holiday.windows.map(spanOf) }
  const weekday = weekdayOf(date)
  const windows = schedule.weekly.filter(({ days }) => days.includes(weekday))
  return { holiday: false, spans: windows.map(spanOf) }
}

/**
 * Whether a moment lies in a schedule. A holiday has only its own windows: nothing of the night before
 * reaches into it.
 * @param atMs wall clock
 */
export function isWithin(schedule: WeeklySchedule, atMs: number): boolean {
  const { date, minutes } = localTime(atMs, schedule.timeZone)
  const today = spansOf(schedule, date)
  if (today.spans.some(({ from, to }) => minutes >= from && minutes < to)) return true
  if (today.holiday) return false
  const yesterday = spansOf(schedule, dayBefore(date))
  const late = minutes + MINUTES_A_DAY
  return yesterday.spans.some(({ from, to }) => late >= from && late < to)
}
