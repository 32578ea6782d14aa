import type { Decision } from '../decision/decision.js'
import type { DecisionFilter, DecisionsPort } from './ports/decisions.js'
import { csvOf, exportPages, ndjsonOf } from './table-export.js'
import type { Column } from './table-export.js'

const COLUMNS: readonly Column<Decision>[] = [
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

/** How decisions are written down for other programs. */
export const EXPORT_FORMATS = { csv: csvOf(COLUMNS), ndjson: ndjsonOf<Decision>() } as const

/** Streams decisions page by page. */
export function exportDecisions(
  decisions: Pick<DecisionsPort, 'list'>,
  filter: DecisionFilter,
  format: keyof typeof EXPORT_FORMATS,
): ReadableStream<Uint8Array> {
  return exportPages((query) => decisions.list({ ...filter, ...query }), EXPORT_FORMATS[format])
}
