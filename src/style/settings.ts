import { z } from 'zod'
import type { Image } from '../frame/image.js'
import { STYLE_LAYERS, StyleError, type StyleRequest, type StyleSettings } from './engine.js'

/** Smallest side of a content or style picture. */
const MIN_SIDE_PIXELS = 16
const MAX_PIXELS = 24_000_000
/** Longer side of the result. */
const MIN_SIZE_PIXELS = 32
const MAX_SIZE_PIXELS = 2048

/** What is used where a request says nothing. */
export const DEFAULT_STYLE_SETTINGS: StyleSettings = {
  sizePixels: 512,
  start: 'content',
  alpha: 1,
  beta: 250,
  contentLayer: 'conv5',
  styleLayers: { conv1: 1, conv2: 1, conv3: 1, conv5: 1, mixed0: 1, mixed1: 1 },
  weighting: 'balanced',
  totalVariation: 2,
  colour: 'style',
  strokeScale: 1,
  optimiser: 'adam',
  stepsPerLevel: 120,
  seed: 1,
}

const weightSchema = z.number().min(0).max(1e12)
const layerSchema = z.enum(STYLE_LAYERS)

/** The form of {@link StyleSettings}, for requests from outside; absent fields take the defaults. */
export const styleSettingsSchema = z.strictObject({
  sizePixels: z.int().min(MIN_SIZE_PIXELS).max(MAX_SIZE_PIXELS).optional(),
  start: z.enum(['content', 'noise']).optional(),
  alpha: weightSchema.optional(),
  beta: weightSchema.optional(),
  contentLayer: layerSchema.optional(),
  styleLayers: z
    .partialRecord(layerSchema, weightSchema)
    .refine((layers) => Object.values(layers).some((lambda) => lambda > 0), {
      error: 'needs a layer with a weight above 0',
    })
    .optional(),
  weighting: z.enum(['balanced', 'plain']).optional(),
  totalVariation: weightSchema.optional(),
  colour: z.enum(['style', 'content-luminance', 'content-statistics']).optional(),
  strokeScale: z.number().min(0.25).max(4).optional(),
  optimiser: z.enum(['lbfgs', 'adam']).optional(),
  stepsPerLevel: z.int().min(1).max(2000).optional(),
  seed: z
    .int()
    .min(0)
    .max(2 ** 32 - 1)
    .optional(),
})

/**
 * The settings of a request, complete.
 * @throws StyleError `bad-settings`
 */
export function completeSettings(partial: StyleRequest['settings'] = {}): StyleSettings {
  const given = styleSettingsSchema.safeParse(partial)
  if (!given.success) {
    const what = z.prettifyError(given.error).replaceAll('\n', ' ')
    throw new StyleError('bad-settings', `the style settings are out of bounds: ${what}`)
  }
  const settings = { ...DEFAULT_STYLE_SETTINGS, ...partial }
  if (settings.alpha === 0 && settings.beta === 0) {
    throw new StyleError('bad-settings', 'alpha and beta are both 0: there is nothing to minimise')
  }
  return settings
}

/** @throws StyleError `picture-too-small` or `picture-too-large` */
export function checkPicture(name: 'content' | 'style', { width, height }: Image): void {
  const size = `the ${name} picture is ${width}x${height}`
  if (Math.min(width, height) < MIN_SIDE_PIXELS) {
    throw new StyleError(
      'picture-too-small',
      `${size}; give one of at least ${MIN_SIDE_PIXELS} pixels a side`,
    )
  }
  if (width * height > MAX_PIXELS) {
    throw new StyleError(
      'picture-too-large',
      `${size}; give one of at most ${MAX_PIXELS / 1e6} megapixels`,
    )
  }
}
