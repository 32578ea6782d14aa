import type { z } from '@hono/zod-openapi'

import type { Decision } from '../../decision/decision.js'
import type { consentSchema, erasureSchema, personSchema } from '../person-schemas.js'
import type { curvesSchema, thresholdsSchema } from '../recognition-schemas.js'
import type { entrySchema, verdictSchema } from '../routes/audit.js'
import type { fleetDoorSchema, fleetSchema } from '../routes/fleet.js'
import type { reportSchema } from '../routes/backups.js'
import type { purgeSchema } from '../routes/consents.js'
import type { doorSchema } from '../routes/doors.js'
import type { heldScheduleSchema } from '../routes/groups.js'
import type { scoresSchema } from '../routes/live.js'

import { queryOf } from './api.js'
import { api } from './session.js'
import type { Role } from './session.js'

/** A part of a long list. */
export interface Page<T> {
  readonly items: readonly T[]
  readonly nextCursor: string | null
}

/** A person; what came later to the API than this page is absent. */
export type PersonRecord = z.infer<typeof personSchema> & {
  readonly validFrom?: string | null
  readonly validUntil?: string | null
  readonly retainUntil?: string | null
  readonly groups?: readonly string[]
}

/** What may be changed of a person. */
export interface PersonChange {
  readonly name?: string
  readonly active?: boolean
  readonly validFrom?: string | null
  readonly validUntil?: string | null
  readonly retainUntil?: string | null
  readonly groups?: readonly string[]
}

export interface FaceRecord {
  readonly id: string
  readonly quality: number
  readonly source?: string
  readonly enrolledAt?: string
  readonly createdAt?: string
}

export type ConsentRecord = z.infer<typeof consentSchema>

export type Erasure = z.infer<typeof erasureSchema>

export type Thresholds = z.infer<typeof thresholdsSchema>

/** Points for the plots of what a threshold costs. */
export type ThresholdCurves = z.infer<typeof curvesSchema>

export interface DecisionFilter {
  readonly outcome?: string
  readonly reason?: string
  readonly personId?: string
  readonly from?: string
  readonly to?: string
}

export type DoorRecord = z.infer<typeof doorSchema>

/** A time of the week, in the door's own time zone; `day` 0 is Monday. */
export interface WeeklyWindow {
  readonly day: number
  readonly from: string
  readonly to: string
}

type HeldSchedule = z.infer<typeof heldScheduleSchema>

/** A schedule as the page shows it: a window a day, a holiday a date. */
export interface Schedule {
  readonly windows: readonly WeeklyWindow[]
  readonly holidays: readonly string[]
  /** As it was read: what the page does not show goes back as it came. */
  readonly held: HeldSchedule
}

const WEEKDAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const

function toSchedule(held: HeldSchedule): Schedule {
  const windows = held.weekly.flatMap(({ days, from, to }) =>
    days.map((day) => ({ day: WEEKDAYS.indexOf(day), from, to })),
  )
  return { windows, holidays: held.holidays.map(({ date }) => date), held }
}

function fromSchedule({ windows, holidays, held }: Schedule) {
  return {
    timeZone: held.timeZone,
    weekly: windows.map(({ day, from, to }) => ({ days: [WEEKDAYS[day]], from, to })),
    holidays: holidays.map(
      (date) => held.holidays.find((known) => known.date === date) ?? { date },
    ),
  }
}

export interface GroupRecord {
  readonly id: string
  readonly name: string
  readonly persons: number
}

export interface TokenRecord {
  readonly id: string
  readonly name: string
  readonly role: Role
  readonly createdAt: string
  readonly lastUsedAt: string | null
}

export type Fleet = z.infer<typeof fleetSchema>
export type FleetDoor = z.infer<typeof fleetDoorSchema>
export type AuditEntry = z.infer<typeof entrySchema>
export type AuditVerdict = z.infer<typeof verdictSchema>

export type BackupReport = z.infer<typeof reportSchema>
export type PurgeReport = z.infer<typeof purgeSchema>
export type LivenessScores = z.infer<typeof scoresSchema>

export type Settings = Readonly<Record<string, unknown>>

/** The settings with what is known of them. */
export interface SettingsStanding {
  readonly values: Settings
  /** Set at the desk; the others are as configured. */
  readonly set: readonly string[]
  readonly atRestart: readonly string[]
  /** Saved, but in effect only after a restart. */
  readonly awaitingRestart: readonly string[]
  readonly etag: string
}

const part = (text: string) => encodeURIComponent(text)
const personPath = (id: string) => `/api/persons/${part(id)}`

/** A person with the version that a change must name. */
export interface Versioned<T> {
  readonly value: T
  readonly etag: string | null
}

export const persons = {
  list: (query: { search?: string; cursor?: string; limit?: number }, signal?: AbortSignal) =>
    api.json<Page<PersonRecord>>(`/api/persons${queryOf(query)}`, signal ? { signal } : {}),
  async get(id: string, signal: AbortSignal): Promise<Versioned<PersonRecord>> {
    const response = await api.ask(personPath(id), { signal })
    return {
      value: (await response.json()) as PersonRecord,
      etag: response.headers.get('ETag'),
    }
  },
  create: (name: string) =>
    api.json<PersonRecord>('/api/persons', {
      method: 'POST',
      json: { name },
      headers: { 'Idempotency-Key': crypto.randomUUID() },
    }),
  async change(id: string, change: PersonChange, etag: string | null) {
    const response = await api.ask(personPath(id), {
      method: 'PATCH',
      json: change,
      headers: etag === null ? {} : { 'If-Match': etag },
    })
    return { value: (await response.json()) as PersonRecord, etag: response.headers.get('ETag') }
  },
  remove: (id: string) => api.json<Erasure>(personPath(id), { method: 'DELETE' }),
  exportHref: (id: string) => `${personPath(id)}/export`,
}

export const faces = {
  async list(id: string, signal: AbortSignal) {
    return (await api.json<Page<FaceRecord>>(`${personPath(id)}/faces`, { signal })).items
  },
  pictureHref: (id: string, faceId: string) => `${personPath(id)}/faces/${part(faceId)}/picture`,
  add: (id: string, picture: Blob, force = false) =>
    api.json<FaceRecord>(`${personPath(id)}/faces${force ? '?force=true' : ''}`, {
      method: 'POST',
      body: picture,
      headers: { 'Content-Type': picture.type },
    }),
  addFromCamera: (id: string, force = false) =>
    api.json<FaceRecord>(`${personPath(id)}/faces/from-camera${force ? '?force=true' : ''}`, {
      method: 'POST',
    }),
  remove: (id: string, faceId: string) =>
    api.ask(`${personPath(id)}/faces/${part(faceId)}`, { method: 'DELETE' }),
}

export const consents = {
  async list(id: string, signal: AbortSignal) {
    return (await api.json<Page<ConsentRecord>>(`${personPath(id)}/consents`, { signal })).items
  },
  record: (
    id: string,
    consent: { kind: 'given' | 'withdrawn'; givenBy: string | null; textVersion: string },
  ) => api.ask(`${personPath(id)}/consents`, { method: 'POST', json: consent }),
}

export const decisions = {
  list: (filter: DecisionFilter, page: { cursor?: string; limit?: number }, signal?: AbortSignal) =>
    api.json<Page<Decision>>(
      `/api/decisions${queryOf({ ...filter, ...page })}`,
      signal ? { signal } : {},
    ),
  exportHref: (kind: 'csv' | 'ndjson', filter: DecisionFilter) =>
    `/api/decisions/export.${kind}${queryOf({ ...filter })}`,
  notThisPerson: (id: string) =>
    api.ask(`/api/decisions/${part(id)}/not-this-person`, { method: 'POST' }),
}

export const thresholds = {
  now: (signal: AbortSignal) => api.json<Thresholds>('/api/threshold', { signal }),
  curves: (signal: AbortSignal) => api.json<ThresholdCurves>('/api/threshold/curves', { signal }),
}

export const doors = {
  async list(signal: AbortSignal) {
    return (await api.json<{ items: readonly DoorRecord[] }>('/api/doors', { signal })).items
  },
  open: (id: string, reason: string) =>
    api.ask(`/api/doors/${part(id)}/open`, { method: 'POST', json: { reason } }),
  lockdown: (id: string, on: boolean, reason: string) =>
    api.ask(`/api/doors/${part(id)}/lockdown`, { method: 'PUT', json: { on, reason } }),
}

export const groups = {
  async list(signal: AbortSignal) {
    return (await api.json<{ items: readonly GroupRecord[] }>('/api/groups', { signal })).items
  },
  add: (name: string) => api.ask('/api/groups', { method: 'POST', json: { name } }),
  remove: (id: string) => api.ask(`/api/groups/${part(id)}`, { method: 'DELETE' }),
  schedule: async (id: string, signal: AbortSignal) =>
    toSchedule(await api.json<HeldSchedule>(`/api/schedules/${part(id)}`, { signal })),
  setSchedule: (id: string, schedule: Schedule) =>
    api.ask(`/api/schedules/${part(id)}`, {
      method: 'PUT',
      json: fromSchedule(schedule),
      headers: { 'If-Match': schedule.held.etag },
    }),
}

export const tokens = {
  async list(signal: AbortSignal) {
    return (await api.json<{ items: readonly TokenRecord[] }>('/api/tokens', { signal })).items
  },
  create: (name: string, role: Role) =>
    api.json<TokenRecord & { readonly token: string }>('/api/tokens', {
      method: 'POST',
      json: { name, role },
    }),
  revoke: (id: string) => api.ask(`/api/tokens/${part(id)}`, { method: 'DELETE' }),
}

export const fleet = {
  get: (signal: AbortSignal) => api.json<Fleet>('/api/fleet', { signal }),
  /** @param groups `null` for everybody, none for nobody */
  setAdmits: (kiosk: string, groups: readonly string[] | null) =>
    api.ask(`/api/fleet/doors/${part(kiosk)}/admits`, { method: 'PUT', json: { groups } }),
}

export const audit = {
  list: (page: { cursor?: string; limit?: number }, signal?: AbortSignal) =>
    api.json<Page<AuditEntry>>(`/api/audit${queryOf(page)}`, signal ? { signal } : {}),
  verify: () => api.json<AuditVerdict>('/api/audit/verify'),
  exportHref: (kind: 'csv' | 'ndjson') => `/api/audit/export.${kind}`,
}

export const settings = {
  get: (signal: AbortSignal) => api.json<SettingsStanding>('/api/settings', { signal }),
  change: (change: Settings, etag: string) =>
    api.json<SettingsStanding>('/api/settings', {
      method: 'PATCH',
      json: change,
      headers: { 'If-Match': etag },
    }),
  reset: (name: string, etag: string) =>
    api.json<SettingsStanding>(`/api/settings/${part(name)}`, {
      method: 'DELETE',
      headers: { 'If-Match': etag },
    }),
}

export const backups = {
  make: (passphrase: string) =>
    api.ask('/api/backups', { method: 'POST', json: passphrase === '' ? {} : { passphrase } }),
  send: (path: '/api/backups/verify' | '/api/restore', file: Blob, passphrase: string) =>
    api.ask(path, {
      method: 'POST',
      body: file,
      headers: {
        'Content-Type': 'application/octet-stream',
        ...(passphrase === '' ? {} : { 'Genkan-Passphrase': encodeURIComponent(passphrase) }),
      },
    }),
  waiting: (signal: AbortSignal) =>
    api.json<{ readonly waits: boolean }>('/api/restore', { signal }),
  purge: (dryRun: boolean) =>
    api.json<PurgeReport>(`/api/retention/purge${dryRun ? '?dryRun=true' : ''}`, {
      method: 'POST',
    }),
}

export const liveness = {
  /** What the cues said in the last minutes, oldest first. */
  async scores(signal: AbortSignal) {
    const { items } = await api.json<LivenessScores>('/api/liveness/scores', { signal })
    return items
  },
}
