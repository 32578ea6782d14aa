import { payloadText } from './record.js'
import type { Edits, Payload, PayloadOf } from './record.js'

/** How one content stands to another, by the edits that went into them. */
export type Standing = 'same' | 'ahead' | 'behind' | 'apart'

/** @returns how `a` stands to `b`: `ahead` knew all of `b`, `apart` neither knew the other */
export function compareEdits(a: Edits, b: Edits): Standing {
  const kiosks = [...Object.keys(a), ...Object.keys(b)]
  const leads = kiosks.some((kiosk) => (a[kiosk] ?? 0) > (b[kiosk] ?? 0))
  const lags = kiosks.some((kiosk) => (a[kiosk] ?? 0) < (b[kiosk] ?? 0))
  if (leads) return lags ? 'apart' : 'ahead'
  return lags ? 'behind' : 'same'
}

/** Everything that went into either. */
export function joinEdits(a: Edits, b: Edits): Edits {
  const kiosks = [...new Set([...Object.keys(a), ...Object.keys(b)])].sort()
  return Object.fromEntries(kiosks.map((kiosk) => [kiosk, Math.max(a[kiosk] ?? 0, b[kiosk] ?? 0)]))
}

/** Contents that kiosks edit; every other content is written once. */
export type Edited = PayloadOf<'person' | 'group' | 'schedule' | 'token' | 'door' | 'rollout'>

export const isEdited = (payload: Payload): payload is Edited => 'edits' in payload

/** Two edits made without knowledge of each other, joined. */
export interface Merged {
  readonly payload: Edited
  /** What somebody at a desk should look at. */
  readonly conflict: 'edits-joined' | 'no-group-left'
}

const countOf = (edits: Edits) => Object.values(edits).reduce((sum, count) => sum + count, 0)

/** The more often edited one, else the one whose text sorts last: the same at every kiosk. */
function chosen<Content extends Edited>(a: Content, b: Content): Content {
  const lead = countOf(a.edits) - countOf(b.edits)
  return lead > 0 || (lead === 0 && payloadText(a) >= payloadText(b)) ? a : b
}

const later = (a: number | null, b: number | null): number | null =>
  a === null ? b : b === null ? a : Math.max(a, b)

const earlier = (a: number | null, b: number | null): number | null =>
  a === null ? b : b === null ? a : Math.min(a, b)

function mergePersons(a: PayloadOf<'person'>, b: PayloadOf<'person'>): Merged {
  const groups =
    a.groups.length === 0
      ? b.groups
      : b.groups.length === 0
        ? a.groups
        : a.groups.filter((group) => b.groups.includes(group))
  const noneLeft = groups.length === 0 && a.groups.length + b.groups.length > 0
  const payload: PayloadOf<'person'> = {
    ...chosen(a, b),
    active: a.active && b.active && !noneLeft,
    validFromMs: later(a.validFromMs, b.validFromMs),
    validUntilMs: earlier(a.validUntilMs, b.validUntilMs),
    retainUntilMs: earlier(a.retainUntilMs, b.retainUntilMs),
    groups: [...groups].sort(),
    edits: joinEdits(a.edits, b.edits),
  }
  return { payload, conflict: noneLeft ? 'no-group-left' : 'edits-joined' }
}

/** A door admits whom both allow, which may be nobody. */
function mergeDoors(a: PayloadOf<'door'>, b: PayloadOf<'door'>): Merged {
  const admits =
    a.admits === null
      ? b.admits
      : b.admits === null
        ? a.admits
        : a.admits.filter((group) => b.admits?.includes(group))
  const payload = { ...chosen(a, b), admits, edits: joinEdits(a.edits, b.edits) }
  return { payload, conflict: 'edits-joined' }
}

/**
 * The fleet's rule for two edits of one subject that were made without knowledge of each other:
 *
 * - A deletion never comes here: it beats every edit, for ever.
 * - Persons are joined so that nobody gains access: inactive beats active, of the validity and the groups
 *   stands what both allow, and whoever is left without a group (which would admit at all times) is made
 *   inactive.
 * - A door admits the groups that both name, which may be none.
 * - Of names, groups, schedules, tokens and roll-outs the more often edited stands.
 *
 * An edit that was made in knowledge of the other just replaces it. The result is the same at every kiosk
 * and in either order, so that kiosks that join the same two edits have nothing left to tell each other.
 */
export function mergeEdits(a: Edited, b: Edited): Merged {
  if (a.kind === 'person' && b.kind === 'person') return mergePersons(a, b)
  if (a.kind === 'door' && b.kind === 'door') return mergeDoors(a, b)
  const payload = { ...chosen(a, b), edits: joinEdits(a.edits, b.edits) }
  return { payload, conflict: 'edits-joined' }
}
