import { z } from 'zod'

import { STYLE_LAYERS } from '../engine.js'
import type { StyleSettings } from '../engine.js'

/** Longest side of a result in pixels that a job may ask for: a display of 1080×1920. */
export const MAX_SIZE_PIXELS = 1920
const MAX_STEPS = 1000

const layerSchema = z.enum(STYLE_LAYERS)
const weightSchema = z.number().min(0).max(1e6)

/** What a job may set of {@link StyleSettings}; the engine gives the rest. */
export const jobSettingsSchema = z
  .strictObject({
    sizePixels: z
      .int()
      .min(32)
      .max(MAX_SIZE_PIXELS)
      .describe('Longer side of the result in pixels.'),
    start: z.enum(['content', 'noise']).describe('What the optimisation starts from.'),
    alpha: weightSchema.describe('α, the weight of J_content.'),
    beta: weightSchema.describe('β, the weight of J_style.'),
    contentLayer: layerSchema.describe('The layer of J_content.'),
    styleLayers: z
      .partialRecord(layerSchema, weightSchema)
      .refine((layers) => Object.values(layers).some((weight) => weight > 0), {
        error: 'needs at least one layer with a weight above 0',
      })
      .describe('λ of each layer of J_style.'),
    weighting: z.enum(['balanced', 'plain']),
    totalVariation: weightSchema.describe('Weight of the total variation.'),
    colour: z
      .enum(['style', 'content-luminance', 'content-statistics'])
      .describe('Whose colours the result has.'),
    strokeScale: z.number().min(0.25).max(4).describe('Size of the strokes.'),
    optimiser: z.enum(['lbfgs', 'adam']),
    stepsPerLevel: z.int().min(1).max(MAX_STEPS).describe('Most steps at each size.'),
    seed: z.int().min(0).max(0xffff_ffff),
  })
  .partial()

export type JobSettings = z.output<typeof jobSettingsSchema>

/** Where a picture of a job came from; the picture itself is kept beside it. */
const originSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('upload') }),
  z.strictObject({ kind: z.literal('library'), id: z.string().min(1).max(64) }),
  /** A still of the door's camera; whoever is in it has agreed, as the one who asked says. */
  z.strictObject({ kind: z.literal('camera'), consent: z.literal(true), atMs: z.int() }),
])
export type PictureOrigin = z.output<typeof originSchema>

/** A job as it is kept and given to the child. */
export const jobRequestSchema = z.strictObject({
  content: originSchema,
  style: originSchema,
  settings: jobSettingsSchema,
})
export type JobRequest = z.output<typeof jobRequestSchema>

/** J and its parts, as {@link StyleCosts}. */
export const costsSchema = z.strictObject({
  total: z.number(),
  content: z.number(),
  style: z.number(),
  totalVariation: z.number(),
  range: z.number(),
})

/** How far a job is. */
export const jobProgressSchema = z.strictObject({
  /** 0..1 of the whole run. */
  part: z.number().min(0).max(1),
  level: z.int().min(0),
  levels: z.int().min(1),
  width: z.int().min(1),
  height: z.int().min(1),
  step: z.int().min(0),
  steps: z.int().min(0),
  costs: costsSchema,
})
export type JobProgress = z.output<typeof jobProgressSchema>

/** Why a job gave nothing. */
export const jobFailureSchema = z.strictObject({
  cause: z.string().max(2000),
  cure: z.string().max(2000),
})
export type JobFailure = z.output<typeof jobFailureSchema>

/** The settings as the engine takes them: what was not asked for is left out. */
export function toStyleSettings(settings: JobSettings): Partial<StyleSettings> {
  const given = Object.entries(settings).filter(([, value]) => value !== undefined)
  return Object.fromEntries(given)
}
