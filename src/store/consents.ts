import type Database from 'better-sqlite3-multiple-ciphers'
import { z } from 'zod'

import type { AuditLog } from './audit.js'
import { parseInput } from './input.js'
import { personNameSchema } from './person.js'

const MAX_CONSENTS_A_PERSON = 200

/** A consent to be recorded. */
export const newConsentSchema = z.strictObject({
  kind: z.enum(['given', 'withdrawn']).default('given'),
  atMs: z.int().min(0).max(8_640_000_000_000_000).optional(),
  givenBy: personNameSchema.nullable().default(null),
  textVersion: z
    .string()
    .regex(/^[\w.:@/-]{1,64}$/, 'takes 1 to 64 letters, digits and _ . : @ / -'),
})
export type NewConsent = z.input<typeof newConsentSchema>

/** That somebody agreed to be recognised, or no longer does. Never changed, only followed by another. */
export interface Consent {
  readonly id: string
  readonly personId: string
  readonly kind: 'given' | 'withdrawn'
  readonly atMs: number
  /** Who gave it, where not the person: a parent, an employer's record. */
  readonly givenBy: string | null
  /** Version of the text that was agreed to. */
  readonly textVersion: string
  /** As the audit names them. */
  readonly recordedBy: string
  readonly recordedAtMs: number
}

/** The consents of the store; they go with their person. */
export interface Consents {
  /** `undefined` when there is no such person. @throws StoreError `invalid-value` */
  add(personId: string, consent: NewConsent, actor: string): Consent | undefined
  /** Oldest first. */
  byPerson(personId: string): Consent[]
}

interface Row {
  id: string
  person_id: string
  kind: 'given' | 'withdrawn'
  at_ms: number
  given_by: string | null
  text_version: string
  recorded_by: string
  recorded_at_ms: number
}

const toConsent = (row: Row): Consent => ({
  id: row.id,
  personId: row.person_id,
  kind: row.kind,
  atMs: row.at_ms,
  givenBy: row.given_by,
  textVersion: row.text_version,
  recordedBy: row.recorded_by,
  recordedAtMs: row.recorded_at_ms,
})

/** The {@link Consents} of a database. */
export function createConsents(
  database: Database.Database,
  options: { nowMs: () => number; newId: () => string; audit: AuditLog },
): Consents {
  const { nowMs, newId, audit } = options
  const insert = database.prepare<[Row]>(
    `INSERT INTO consents (id, person_id, kind, at_ms, given_by, text_version, recorded_by, recorded_at_ms)
     VALUES (@id, @person_id, @kind, @at_ms, @given_by, @text_version, @recorded_by, @recorded_at_ms)`,
  )
  const select = database.prepare<[string], Row>(
    'SELECT * FROM consents WHERE person_id = ? ORDER BY id',
  )
  const personExists = database
    .prepare<[string], number>('SELECT count(*) FROM persons WHERE id = ?')
    .pluck()

  const add = database.transaction((personId: string, input: NewConsent, actor: string) => {
    const consent = parseInput(newConsentSchema, input, 'consent')
    if (personExists.get(personId) === 0) return undefined
    parseInput(z.number().max(MAX_CONSENTS_A_PERSON - 1), select.all(personId).length, 'count')
    const now = nowMs()
    const row: Row = {
      id: newId(),
      person_id: personId,
      kind: consent.kind,
      at_ms: consent.atMs ?? now,
      given_by: consent.givenBy,
      text_version: consent.textVersion,
      recorded_by: actor,
      recorded_at_ms: now,
    }
    insert.run(row)
    audit.append({ actor, action: `consent.${consent.kind}`, subjectId: personId })
    return toConsent(row)
  })

  return {
    add: (personId, consent, actor) => add.immediate(personId, consent, actor),
    byPerson: (personId) => select.all(personId).map(toConsent),
  }
}
