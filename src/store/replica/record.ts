import { createHash } from 'node:crypto'

import { z } from 'zod'

import { weeklyScheduleSchema } from '../../decision/schedule.js'
import { roleSchema, tokenLabelSchema } from '../admin-tokens.js'
import { admitsSchema, rolloutSchema } from '../fleet-rules.js'
import { groupIdSchema } from '../groups.js'
import { enrolmentSourceSchema, personNameSchema } from '../person.js'

/**
 * What a fleet shares, one record a subject. A `picture` is the crop of a template: the record keeps it,
 * but it is not handed out to every door.
 */
export const RECORD_KINDS = [
  'person',
  'group',
  'schedule',
  'template',
  'picture',
  'encoding',
  'consent',
  'negative',
  'token',
  'door',
  'rollout',
] as const
export const recordKindSchema = z.enum(RECORD_KINDS)
export type RecordKind = (typeof RECORD_KINDS)[number]

/** The kinds whose ids people choose, and may choose again in knowledge of a deletion. */
export const REUSABLE_KINDS: readonly RecordKind[] = ['group', 'schedule', 'door', 'rollout']

/** An encoding's: a template, a point, and an encoder. */
const MAX_ID = 227
/** Subject of what an encoder makes of a template's picture. */
export const encodingId = (templateId: string, modelId: string): string =>
  `${templateId}.${modelId}`

const momentSchema = z.int().min(0).max(8_640_000_000_000_000)
const base64 = (maxBytes: number) => z.base64().max(Math.ceil(maxBytes / 3) * 4)
const vectorSchema = base64(512).length(684)
/**
 * How many edits of each kiosk went into a record (a version vector): of two contents it tells which one
 * knew the other, whatever the record's own count says after a backup was restored.
 */
export const editsSchema = z.record(
  z.string().regex(/^[0-9A-HJKMNP-TV-Z]{26}$/),
  z.int().positive(),
)
export type Edits = z.output<typeof editsSchema>

const personSchema = z.strictObject({
  kind: z.literal('person'),
  id: z.ulid(),
  name: personNameSchema,
  active: z.boolean(),
  createdAtMs: momentSchema,
  validFromMs: momentSchema.nullable(),
  validUntilMs: momentSchema.nullable(),
  retainUntilMs: momentSchema.nullable(),
  groups: z.array(groupIdSchema).max(20),
  edits: editsSchema,
})

const groupSchema = z.strictObject({
  kind: z.literal('group'),
  id: groupIdSchema,
  name: z.string().min(1).max(100),
  createdAtMs: momentSchema,
  edits: editsSchema,
})

const scheduleSchema = z.strictObject({
  kind: z.literal('schedule'),
  id: groupIdSchema,
  schedule: weeklyScheduleSchema,
  edits: editsSchema,
})

const templateSchema = z.strictObject({
  kind: z.literal('template'),
  id: z.ulid(),
  personId: z.ulid(),
  modelId: z.string().min(1).max(200),
  quality: z.number().min(0).max(1),
  source: enrolmentSourceSchema,
  enrolledAtMs: momentSchema,
  vector: vectorSchema,
})

const pictureSchema = z.strictObject({
  kind: z.literal('picture'),
  id: z.ulid(),
  cropPng: base64(1024 * 1024).min(1),
})

const encodingSchema = z
  .strictObject({
    kind: z.literal('encoding'),
    id: z.string().max(MAX_ID),
    templateId: z.ulid(),
    modelId: z.string().min(1).max(200),
    vector: vectorSchema,
  })
  .refine(({ id, templateId, modelId }) => id === encodingId(templateId, modelId), {
    error: 'is not made of template and encoder',
    path: ['id'],
  })

const consentSchema = z.strictObject({
  kind: z.literal('consent'),
  id: z.ulid(),
  personId: z.ulid(),
  consent: z.enum(['given', 'withdrawn']),
  atMs: momentSchema,
  givenBy: personNameSchema.nullable(),
  textVersion: z.string().min(1).max(64),
  recordedBy: z.string().min(1).max(128),
  recordedAtMs: momentSchema,
})

const negativeSchema = z.strictObject({
  kind: z.literal('negative'),
  id: z.ulid(),
  personId: z.ulid(),
  otherId: z.ulid().nullable(),
  modelId: z.string().min(1).max(200).nullable(),
  vector: vectorSchema.nullable(),
  decisionId: z.string().min(1).max(64),
  createdAtMs: momentSchema,
})

const tokenSchema = z.strictObject({
  kind: z.literal('token'),
  id: z.ulid(),
  label: tokenLabelSchema,
  role: roleSchema,
  salt: base64(64).nullable(),
  secretHash: base64(64),
  createdAtMs: momentSchema,
  edits: editsSchema,
})

const doorSchema = z.strictObject({
  kind: z.literal('door'),
  /** Of the kiosk. */
  id: z.ulid(),
  admits: admitsSchema,
  edits: editsSchema,
})

const rolloutRecordSchema = z.strictObject({
  kind: z.literal('rollout'),
  id: z.literal('encoder'),
  rollout: rolloutSchema,
  edits: editsSchema,
})

/** The content of a record, as it stands in the ciphertext. */
export const payloadSchema = z.discriminatedUnion('kind', [
  personSchema,
  groupSchema,
  scheduleSchema,
  templateSchema,
  pictureSchema,
  encodingSchema,
  consentSchema,
  negativeSchema,
  tokenSchema,
  doorSchema,
  rolloutRecordSchema,
])
export type Payload = z.output<typeof payloadSchema>
export type PayloadOf<Kind extends RecordKind> = Extract<Payload, { readonly kind: Kind }>

/**
 * What is left of a record after its subject was deleted. Of the kinds that may be made again it counts
 * the deletion as an edit, so that whoever has a content can tell whether it was made in knowledge of it,
 * even when an old row comes back.
 */
export const tombstoneSchema = z.strictObject({
  kind: recordKindSchema,
  id: z.string().min(1).max(MAX_ID),
  deleted: z.literal(true),
  edits: editsSchema.optional(),
})
export type Tombstone = z.output<typeof tombstoneSchema>

/** A record as another kiosk wrote it, opened and validated. */
export interface RemoteRecord {
  readonly kind: RecordKind
  readonly subject: string
  /** 1, 2, 3, … of this subject, as the record counts. */
  readonly version: number
  /** Of its content, see {@link contentHash}. */
  readonly hash: Buffer
  /** `null` once the subject was deleted. */
  readonly payload: Payload | null
  /** Of a deletion, see {@link tombstoneSchema}. */
  readonly edits?: Edits | undefined
  /** Written by this very kiosk. */
  readonly mine: boolean
  /**
   * Sealed with an older key than the fleet's newest, which somebody may have who was removed since: it
   * is believed only where it tells nothing new.
   */
  readonly outdated: boolean
}

/** Field by field in one order, so that equal contents are equal texts. */
export function payloadText(payload: Payload | Tombstone): string {
  return JSON.stringify(payload, (_, value: unknown) =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
      : value,
  )
}

export const tombstoneOf = (kind: RecordKind, id: string, edits?: Edits): Tombstone => ({
  kind,
  id,
  deleted: true,
  ...(edits === undefined ? {} : { edits }),
})

/** SHA-256 of a content's text, by which two of them are compared. */
export const textHash = (text: string): Buffer => createHash('sha256').update(text).digest()

export const contentHash = (payload: Payload | Tombstone): Buffer => textHash(payloadText(payload))
