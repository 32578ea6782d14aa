import type { Decision } from '../decision/decision.js'
import type { DecisionFilter, DecisionsPort } from './ports.js'

const PAGE = 200

const COLUMNS: readonly (readonly [string, (decision: Decision) => string | number | null])[] = [
  ['id', ({ id }) => id],
  ['decidedAt', ({ decidedAt }) => decidedAt],
  ['door', ({ door }) => door],
  ['outcome', ({ outcome }) => outcome],
  ['reason', (decision) => (decision.outcome === 'denied' ? decision.reason : null)],
  ['detail', (decision) => (decision.outcome === 'denied' ? decision.detail : null)],
  ['personId', (decision) => (decision.outcome === 'granted' ? decision.person.id : null)],
  ['personName', (decision) => (decision.outcome === 'granted' ? decision.person.name : null)],
  ['distanceSq', ({ match }) => match?.distanceSq ?? null],
  ['runnerUpDistanceSq', ({ match }) => match?.runnerUpDistanceSq ?? null],
  ['threshold', ({ match }) => match?.threshold ?? null],
  ['galleryPersons', ({ match }) => match?.galleryPersons ?? null],
  ['frames', ({ attempt }) => attempt.frames],
  ['durationMs', ({ attempt }) => attempt.durationMs],
  ['latencyMs', ({ latencyMs }) => latencyMs],
]

/** RFC 4180; a text that a spreadsheet would take for a formula is led by an apostrophe. */
function cellOf(value: string | number | null): string {
  if (value === null) return ''
  if (typeof value === 'number') return String(value)
  const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

/** How decisions are written down for other programs. */
export const EXPORT_FORMATS = {
  csv: {
    type: 'text/csv; charset=utf-8',
    head: `${COLUMNS.map(([name]) => name).join(',')}\r\n`,
    line: (decision: Decision) =>
      `${COLUMNS.map(([, read]) => cellOf(read(decision))).join(',')}\r\n`,
  },
  ndjson: {
    type: 'application/x-ndjson',
    head: '',
    line: (decision: Decision) => `${JSON.stringify(decision)}\n`,
  },
} as const

/** Streams decisions page by page, as fast as they are read. */
export function exportDecisions(
  decisions: Pick<DecisionsPort, 'list'>,
  filter: DecisionFilter,
  format: keyof typeof EXPORT_FORMATS,
): ReadableStream<Uint8Array> {
  const { head, line } = EXPORT_FORMATS[format]
  const encoder = new TextEncoder()
  let cursor: string | null | undefined
  return new ReadableStream<Uint8Array>({
    start(controller) {
      if (head !== '') controller.enqueue(encoder.encode(head))
    },
    async pull(controller) {
      const page = await decisions.list({ ...filter, cursor: cursor ?? undefined, limit: PAGE })
      if (page.items.length > 0) controller.enqueue(encoder.encode(page.items.map(line).join('')))
      cursor = page.nextCursor
      if (cursor === null) controller.close()
    },
  })
}
