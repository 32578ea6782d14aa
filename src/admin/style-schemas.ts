import { z } from '@hono/zod-openapi'

import { jobFailureSchema, jobProgressSchema, jobSettingsSchema } from '../style/jobs/request.js'
import { pageQuery } from './schemas.js'
import type { LibraryEntry, SeeNetwork, StyleJob } from './ports/style.js'

/** ULID of a style job in the path; lower case is accepted. */
export const styleJobParam = z.object({
  id: z
    .ulid()
    .toUpperCase()
    .openapi({ param: { name: 'id', in: 'path' }, example: '01JD4QXNWZ8Y3Q4R5S6T7V8W9X' }),
})

/** Id of a library picture in the path. */
export const libraryParam = z.object({
  id: z
    .string()
    .min(1)
    .max(64)
    .openapi({ param: { name: 'id', in: 'path' }, example: 'waves' }),
})

export const stylePageQuery = pageQuery.extend({
  cursor: z
    .ulid()
    .toUpperCase()
    .optional()
    .openapi({ description: 'nextCursor of the page before.' }),
})

const libraryChoice = z.strictObject({
  kind: z.literal('library'),
  id: z.string().min(1).max(64),
})
const uploadChoice = z
  .strictObject({ kind: z.literal('upload') })
  .openapi({ description: 'Sent as the part "content" or "style" of a form.' })

/** What is to be painted. */
export const styleOrderSchema = z
  .strictObject({
    content: z.discriminatedUnion('kind', [
      uploadChoice,
      libraryChoice,
      z
        .strictObject({ kind: z.literal('camera'), consent: z.boolean().default(false) })
        .openapi({ description: 'The newest frame; needs the consent of whoever is in it.' }),
    ]),
    style: z.discriminatedUnion('kind', [uploadChoice, libraryChoice]),
    settings: jobSettingsSchema.default({}).openapi({
      description: 'What is not given is the default of the engine.',
    }),
    personId: z
      .ulid()
      .toUpperCase()
      .optional()
      .openapi({ description: 'Who is in the content picture: the job is erased with them.' }),
  })
  .openapi('StyleOrder')

const originSchema = z.strictObject({
  kind: z.enum(['upload', 'library', 'camera']),
  id: z.string().optional(),
  consent: z.boolean().optional(),
})

export const styleJobSchema = z
  .object({
    id: z.string(),
    state: z.enum(['queued', 'running', 'done', 'failed', 'cancelled']),
    content: originSchema,
    style: originSchema,
    settings: jobSettingsSchema,
    personId: z.string().nullable(),
    progress: jobProgressSchema.nullable().openapi({
      description:
        'How far it is: `part` is 0..1 of the whole; costs are J and its weighted parts.',
    }),
    failure: jobFailureSchema.nullable(),
    createdBy: z.string(),
    createdAt: z.iso.datetime(),
    endedAt: z.iso.datetime().nullable(),
  })
  .openapi('StyleJob')

export const styleJobPageSchema = z
  .object({ items: z.array(styleJobSchema), nextCursor: z.string().nullable() })
  .openapi('StyleJobPage')

export const libraryListSchema = z
  .object({
    items: z.array(
      z.object({ id: z.string(), use: z.enum(['content', 'style']), title: z.string() }),
    ),
  })
  .openapi('StyleLibrary')

export const networkListSchema = z
  .object({
    items: z.array(
      z.object({
        id: z.string(),
        ofFaces: z.boolean().openapi({ description: 'It is shown aligned faces.' }),
        layers: z.array(z.object({ name: z.string(), units: z.int() })),
      }),
    ),
  })
  .openapi('SeeNetworks')

/** Which unit is to be looked at. */
export const seeQuery = z.object({
  network: z.string().min(1).max(64),
  layer: z.string().min(1).max(300),
  unit: z.coerce.number().int().min(0).max(65_535),
})

export const liveStyleSchema = z
  .object({
    style: z
      .string()
      .nullable()
      .openapi({ description: 'Trained style of the live picture at the door; null is none.' }),
    available: z.array(z.string()),
  })
  .openapi('LiveStyle')

export const liveStyleChangeSchema = z
  .strictObject({ style: z.string().min(1).max(64).nullable() })
  .openapi('LiveStyleChange')

/** A job as the API shows it. */
export function presentStyleJob(job: StyleJob): z.infer<typeof styleJobSchema> {
  const { id, state, request, personId, progress, failure, createdBy } = job
  const originOf = ({ kind, ...rest }: StyleJob['request']['content']) => ({
    kind,
    ...('id' in rest ? { id: rest.id } : {}),
    ...('consent' in rest ? { consent: rest.consent } : {}),
  })
  return {
    id,
    state,
    content: originOf(request.content),
    style: originOf(request.style),
    settings: request.settings,
    personId,
    progress,
    failure,
    createdBy,
    createdAt: new Date(job.createdAtMs).toISOString(),
    endedAt: job.endedAtMs === null ? null : new Date(job.endedAtMs).toISOString(),
  }
}

export const presentLibrary = (entries: readonly LibraryEntry[]) => ({
  items: entries.map((entry) => ({ ...entry })),
})

export const presentNetworks = (networks: readonly SeeNetwork[]) => ({
  items: networks.map(({ id, ofFaces, layers }) => ({
    id,
    ofFaces,
    layers: layers.map((layer) => ({ ...layer })),
  })),
})
