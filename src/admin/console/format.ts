import { computed } from '@preact/signals'

import { language } from './words.js'

/** Where dates and numbers follow: English as it is written in Britain, Japanese as in Japan. */
const locale = computed(() => (language.value === 'ja' ? 'ja-JP' : 'en-GB'))

const formats = computed(() => ({
  day: new Intl.DateTimeFormat(locale.value, { dateStyle: 'medium' }),
  time: new Intl.DateTimeFormat(locale.value, { timeStyle: 'medium' }),
  moment: new Intl.DateTimeFormat(locale.value, { dateStyle: 'medium', timeStyle: 'medium' }),
  count: new Intl.NumberFormat(locale.value),
  relative: new Intl.RelativeTimeFormat(locale.value, { numeric: 'auto' }),
}))

export const formatDay = (at: string | number) => formats.value.day.format(new Date(at))
export const formatTime = (at: string | number) => formats.value.time.format(new Date(at))
export const formatMoment = (at: string | number) => formats.value.moment.format(new Date(at))
export const formatCount = (count: number) => formats.value.count.format(count)

/** The time today, else the date with the time. */
export function formatWhen(at: string): string {
  const date = new Date(at)
  return date.toDateString() === new Date().toDateString() ? formatTime(at) : formatMoment(at)
}

const STEPS = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
] as const

/** How long ago, in the largest unit that fits. */
export function formatAgo(at: string | number): string {
  const agoMs = Date.now() - new Date(at).getTime()
  for (const [unit, ms] of STEPS) {
    if (agoMs >= ms) return formats.value.relative.format(-Math.floor(agoMs / ms), unit)
  }
  return formats.value.relative.format(0, 'minute')
}

/** A rate in per cent, two digits that count. */
export const formatRate = (rate: number) => `${+(rate * 100).toPrecision(2)} %`

/** The first letter as a reader counts letters. */
export function firstLetter(text: string): string {
  return Array.from(new Intl.Segmenter().segment(text), ({ segment }) => segment).at(0) ?? ''
}

/** Bytes in the unit that people speak of. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB']
  const step = Math.min(units.length - 1, Math.floor(Math.log10(Math.max(1, bytes)) / 3))
  return `${+(bytes / 10 ** (3 * step)).toPrecision(3)} ${units[step] ?? 'B'}`
}
