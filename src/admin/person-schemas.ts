import { z } from '@hono/zod-openapi'

import { MAX_GROUPS_A_PERSON, type PersonChange } from '../store/persons.js'
import { groupIdSchema } from '../store/groups.js'
import { ENROLMENT_SOURCES, personNameSchema } from '../store/person.js'
import { decisionSchema } from '../decision/decision.js'
import { newConsentSchema } from '../store/consents.js'
import type { FaceEntry } from './ports/faces.js'
import type { ErasureReport, PersonEntry, PersonExport } from './ports/persons.js'
import { problemSchema } from './problems.js'
import { personIdParam } from './schemas.js'

const moment = z.iso.datetime({ offset: true }).nullable()
const groups = z.array(groupIdSchema).max(MAX_GROUPS_A_PERSON)

export const personChangeSchema = z
  .strictObject({
    name: personNameSchema,
    active: z.boolean(),
    validFrom: moment,
    validUntil: moment,
    groups,
    retainUntil: moment,
  })
  .partial()
  .refine(
    ({ validFrom, validUntil }) =>
      !validFrom || !validUntil || Date.parse(validFrom) < Date.parse(validUntil),
    { error: 'must be later than validFrom', path: ['validUntil'] },
  )
  .openapi('PersonChange', { description: 'What is left out stays as it is.' })

export const personSchema = z
  .object({
    id: z.ulid(),
    name: z.string(),
    active: z.boolean(),
    createdAt: z.iso.datetime(),
    faces: z.int().nonnegative().openapi({ description: 'Templates held.' }),
    validFrom: z.iso.datetime().nullable().openapi({ description: 'Admitted from then on.' }),
    validUntil: z.iso.datetime().nullable().openapi({ description: 'Admitted until before then.' }),
    groups: z.array(z.string()).openapi({
      description: 'Access groups; a person in none is admitted at all times.',
    }),
    retainUntil: z.iso.datetime().nullable().openapi({
      description: 'All that is held is purged after then.',
    }),
    etag: z.string().openapi({ description: 'For If-Match.' }),
  })
  .openapi('Person')

export const personPageSchema = z
  .object({ items: z.array(personSchema), nextCursor: z.string().nullable() })
  .openapi('PersonPage')

export const faceSchema = z
  .object({
    id: z.string(),
    personId: z.ulid(),
    quality: z.number().min(0).max(1),
  })
  .openapi('Face')

export const heldFaceSchema = faceSchema
  .extend({
    source: z.enum(ENROLMENT_SOURCES),
    enrolledAt: z.iso.datetime(),
    modelId: z.string(),
    picture: z.string().openapi({ description: 'Address of the picture, for enrollers.' }),
  })
  .openapi('HeldFace')

export const faceListSchema = z.object({ items: z.array(heldFaceSchema) }).openapi('FaceList')

export const faceResultsSchema = z
  .object({
    items: z.array(
      z.discriminatedUnion('outcome', [
        z.object({ outcome: z.literal('enrolled'), face: faceSchema }),
        z.object({
          outcome: z.literal('rejected'),
          problem: problemSchema.pick({ code: true, cause: true, cure: true, personId: true }),
        }),
      ]),
    ),
  })
  .openapi('FaceResults', { description: 'One item a picture, in the order sent.' })

export const faceParams = personIdParam.extend({
  faceId: z
    .ulid()
    .toUpperCase()
    .openapi({ param: { name: 'faceId', in: 'path' }, example: '01JD4QXNWZ8Y3Q4R5S6T7V8W9X' }),
})

export const erasureSchema = z
  .object({
    erased: z.object({
      templates: z.int(),
      pictures: z.int(),
      consents: z.int(),
      negatives: z.int().openapi({ description: 'Negative examples that named the person.' }),
      stylePictures: z.int().openapi({
        description:
          'Pictures of style jobs that show the person, and the idle picture made of one.',
      }),
    }),
    decisionsKept: z.int().openapi({
      description: 'Past decisions that name the person; they go with the retention of decisions.',
    }),
    proof: z.object({
      proven: z.boolean(),
      searchedBytes: z.int().nullable().openapi({
        description:
          'Decrypted bytes of the database searched for templates and pictures; null if too many.',
      }),
      found: z.int().openapi({ description: 'Parts of templates or pictures that were found.' }),
      logBytes: z.int().openapi({ description: 'Bytes left in the write-ahead log.' }),
      inGallery: z.boolean(),
    }),
    verifiedAt: z.iso.datetime(),
  })
  .openapi('Erasure')

export const consentSchema = z
  .object({
    id: z.ulid(),
    kind: z.enum(['given', 'withdrawn']),
    at: z.iso.datetime(),
    givenBy: z.string().nullable().openapi({
      description: 'Who gave it, where not the person: a parent, an employer.',
    }),
    textVersion: z.string().openapi({ description: 'Version of the text that was agreed to.' }),
    recordedBy: z.string(),
    recordedAt: z.iso.datetime(),
  })
  .openapi('Consent')

export const newConsentBody = newConsentSchema
  .omit({ atMs: true })
  .extend({
    at: z.iso.datetime({ offset: true }).optional().openapi({ description: 'Now if left out.' }),
  })
  .openapi('NewConsent')

const base64 = z.string().nullable().openapi({ description: 'Base64.' })

export const personExportSchema = z
  .object({
    person: personSchema,
    consents: z.array(consentSchema),
    faces: z.array(
      heldFaceSchema.omit({ picture: true }).extend({
        picturePng: base64,
        template: z.array(z.number()).openapi({ description: 'Unit vector of the encoder.' }),
      }),
    ),
    negatives: z.int().openapi({ description: 'Negative examples that name the person.' }),
    styleJobs: z
      .array(
        z.object({
          id: z.string(),
          state: z.string(),
          createdAt: z.iso.datetime(),
          endedAt: z.iso.datetime().nullable(),
          contentPng: base64.openapi({ description: 'Base64; not kept once the job has ended.' }),
          resultPng: base64,
        }),
      )
      .openapi({ description: 'Pictures painted of the person.' }),
    idlePictureJpeg: base64.openapi({ description: "The display's, if it shows the person." }),
    decisions: z.array(decisionSchema.clone().openapi('Decision')),
    audit: z.array(
      z.object({ id: z.int(), at: z.iso.datetime(), actor: z.string(), action: z.string() }),
    ),
  })
  .openapi('PersonExport')

const iso = (ms: number | null): string | null => (ms === null ? null : new Date(ms).toISOString())
const toBase64 = (bytes: Uint8Array | null): string | null =>
  bytes === null ? null : Buffer.from(bytes).toString('base64')
const ms = (text: string | null | undefined) =>
  text === undefined ? undefined : text === null ? null : Date.parse(text)

/** A person as the API shows it. */
export function presentPerson(person: PersonEntry): z.infer<typeof personSchema> {
  const { id, name, active, createdAtMs, faces, validFromMs, validUntilMs, retainUntilMs } = person
  return {
    id,
    name,
    active,
    createdAt: new Date(createdAtMs).toISOString(),
    faces,
    validFrom: iso(validFromMs),
    validUntil: iso(validUntilMs),
    groups: [...person.groups],
    retainUntil: iso(retainUntilMs),
    etag: `"v${person.version}"`,
  }
}

/** A change as the store takes it. */
export function toPersonChange(change: z.infer<typeof personChangeSchema>): PersonChange {
  const { validFrom, validUntil, retainUntil, ...rest } = change
  const moments = {
    validFromMs: ms(validFrom),
    validUntilMs: ms(validUntil),
    retainUntilMs: ms(retainUntil),
  }
  const given = Object.entries({ ...rest, ...moments }).filter(([, value]) => value !== undefined)
  return Object.fromEntries(given)
}

/** A face as the API lists it. */
export function presentFace(face: FaceEntry): z.infer<typeof heldFaceSchema> {
  const { id, personId, quality, source, modelId, enrolledAtMs } = face
  return {
    id,
    personId,
    quality,
    source,
    modelId,
    enrolledAt: new Date(enrolledAtMs).toISOString(),
    picture: `/api/persons/${personId}/faces/${id}/picture`,
  }
}

/** What an erasure came to, as the API shows it. */
export function presentErasure(report: ErasureReport): z.infer<typeof erasureSchema> {
  const { verifiedAtMs, ...rest } = report
  return { ...rest, verifiedAt: new Date(verifiedAtMs).toISOString() }
}

/** All that is held about a person, as the API shows it. */
export function presentExport(
  held: PersonExport,
  consents: readonly z.infer<typeof consentSchema>[],
): z.infer<typeof personExportSchema> {
  return {
    person: presentPerson(held.person),
    consents: [...consents],
    faces: held.faces.map(({ picturePng, template, enrolledAtMs, ...face }) => ({
      ...face,
      enrolledAt: new Date(enrolledAtMs).toISOString(),
      picturePng: toBase64(picturePng),
      template: Array.from(template),
    })),
    negatives: held.negatives,
    styleJobs: held.styleJobs.map(({ id, state, createdAtMs, endedAtMs, ...pictures }) => ({
      id,
      state,
      createdAt: new Date(createdAtMs).toISOString(),
      endedAt: iso(endedAtMs),
      contentPng: toBase64(pictures.contentPng),
      resultPng: toBase64(pictures.resultPng),
    })),
    idlePictureJpeg: toBase64(held.idlePictureJpeg),
    decisions: [...held.decisions],
    audit: held.audit.map(({ sequence, atMs, actor, action }) => ({
      id: sequence,
      at: new Date(atMs).toISOString(),
      actor,
      action,
    })),
  }
}
