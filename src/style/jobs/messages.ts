import { z } from 'zod'

import { jobFailureSchema, jobProgressSchema, jobSettingsSchema } from './request.js'

const MAX_PICTURE_BYTES = 48 * 1024 * 1024
const MAX_PREVIEW_SIDE = 1024

const bytesSchema = z.custom<Uint8Array>(
  (value) => value instanceof Uint8Array && value.length > 0 && value.length <= MAX_PICTURE_BYTES,
  'is not bytes, or too many of them',
)

/** An encoded picture, or one that ships with genkan. */
const sourceSchema = z.union([bytesSchema, z.strictObject({ library: z.string().min(1).max(64) })])

const threadsSchema = z.int().min(1).max(64)

/** 8-bit RGB, as `Image`. */
const imageSchema = z
  .strictObject({
    width: z.int().min(1).max(MAX_PREVIEW_SIDE),
    height: z.int().min(1).max(MAX_PREVIEW_SIDE),
    data: z.custom<Uint8Array>((value) => value instanceof Uint8Array, 'is not bytes'),
  })
  .refine(({ width, height, data }) => data.length === width * height * 3, 'has a wrong length')

/** What the daemon tells a child. The first message says what the child is for. */
export const orderSchema = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('paint'),
    content: sourceSchema,
    style: sourceSchema,
    settings: jobSettingsSchema,
    /** From where to go on. */
    checkpoint: bytesSchema.optional(),
    previewEveryMs: z.int().min(0).max(60_000),
    checkpointEveryMs: z.int().min(0).max(600_000),
    threads: threadsSchema,
    executionProviders: z.array(z.string().max(32)).max(8),
  }),
  z.strictObject({
    type: z.literal('open-stylizer'),
    id: z.string().min(1).max(64),
    file: z.string().min(1).max(4096),
    /** What the file must be, byte for byte. */
    bytes: z.int().min(1),
    sha256: z.string().length(64),
    threads: threadsSchema,
    executionProviders: z.array(z.string().max(32)).max(8),
  }),
  z.strictObject({ type: z.literal('stylise'), sequence: z.int().min(0), image: imageSchema }),
  z.strictObject({
    type: z.literal('see'),
    network: z.string().min(1).max(64),
    layer: z.string().min(1).max(300),
    unit: z.int().min(0).max(65_535),
    /** None: those of the library. */
    pictures: z.array(bytesSchema).max(64),
    threads: threadsSchema,
  }),
  z.strictObject({
    type: z.literal('draw'),
    id: z.string().min(1).max(64),
    sidePixels: z.int().min(16).max(2048),
  }),
])
export type Order = z.output<typeof orderSchema>

/** What a child tells the daemon. */
export const reportSchema = z.discriminatedUnion('type', [
  /** It takes orders. */
  z.strictObject({ type: z.literal('ready') }),
  z.strictObject({
    type: z.literal('step'),
    progress: jobProgressSchema,
    previewJpeg: bytesSchema.optional(),
    checkpoint: bytesSchema.optional(),
  }),
  z.strictObject({
    type: z.literal('painted'),
    progress: jobProgressSchema,
    png: bytesSchema,
    thumbnailJpeg: bytesSchema,
  }),
  z.strictObject({ type: z.literal('stylizer-open') }),
  z.strictObject({
    type: z.literal('stylised'),
    sequence: z.int().min(0),
    jpeg: bytesSchema,
  }),
  z.strictObject({
    type: z.literal('drawn'),
    id: z.string(),
    sidePixels: z.int(),
    png: bytesSchema,
  }),
  z.strictObject({ type: z.literal('seen'), png: bytesSchema, patches: z.int().min(0).max(9) }),
  /** What was ordered cannot be done, now or later. */
  z.strictObject({ type: z.literal('refused'), failure: jobFailureSchema }),
])
export type Report = z.output<typeof reportSchema>
