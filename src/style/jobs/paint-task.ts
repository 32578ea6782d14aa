import { decodeImage, encodeJpeg, encodePng, encodeSmaller } from '../../frame/decode.js'
import type { Image } from '../../frame/image.js'
import { shrinkImage } from '../../frame/resize.js'
import { withoutMemory } from '../checkpoint.js'
import { StyleError } from '../engine.js'
import type { StyleStep, Stylised } from '../engine.js'
import { createStyleLibrary } from '../library.js'
import { DEFAULT_STYLE_SETTINGS } from '../settings.js'
import { stylize } from '../stylize.js'
import type { Order, Report } from './messages.js'
import { toStyleSettings } from './request.js'
import type { JobProgress } from './request.js'

type PaintOrder = Extract<Order, { type: 'paint' }>

const PREVIEW_QUALITY = 85
const THUMBNAIL_SIDE = 320
const REPORT_EVERY_MS = 200
const STYLE_SIDE_PIXELS = 1024
/** Three colours of float32, and a third more for the coarser levels of their pyramid. */
const BYTES_A_PIXEL = 16
/** A larger picture begins its last level again: writing more would hold the store up. */
const MAX_CHECKPOINT_MEGABYTES = 16

/** A picture as it was kept, or one of the library; larger than the result it is of no use. */
async function readSource(
  source: PaintOrder['content'],
  what: string,
  sidePixels: number,
): Promise<Image> {
  if (!(source instanceof Uint8Array)) {
    const image = await createStyleLibrary().read(source.library)
    return shrinkImage(image, sidePixels)
  }
  const decoded = await decodeImage(source)
  if (decoded.ok) return decoded.image
  throw new StyleError('picture-too-small', `the ${what} picture: ${decoded.detail}`)
}

function progressOf(step: StyleStep): JobProgress {
  const { level, levels, width, height, costs } = step
  const part = Math.min(1, Math.max(0, step.progress))
  return { part, level, levels, width, height, step: step.step, steps: step.steps, costs }
}

/** Paints one picture and reports each step that somebody may want to see. */
export async function paint(order: PaintOrder, report: (message: Report) => void): Promise<void> {
  const side = order.settings.sizePixels ?? DEFAULT_STYLE_SETTINGS.sizePixels
  const content = await readSource(order.content, 'content', side)
  const style = await readSource(order.style, 'style', STYLE_SIDE_PIXELS)
  const request = { content, style, settings: toStyleSettings(order.settings) }
  let reportedMs = -Infinity
  let previewMs = -Infinity
  let checkpointMs = performance.now()
  let last: JobProgress | undefined

  async function onStep(step: StyleStep): Promise<void> {
    const now = performance.now()
    const isNewLevel = step.level !== last?.level
    last = progressOf(step)
    const megabytes = (step.width * step.height * BYTES_A_PIXEL) / 1e6
    const wantsCheckpoint =
      megabytes <= MAX_CHECKPOINT_MEGABYTES &&
      now - checkpointMs >= order.checkpointEveryMs * Math.max(1, megabytes)
    if (!wantsCheckpoint && !isNewLevel && now - reportedMs < REPORT_EVERY_MS) return
    reportedMs = now
    const wantsPreview = now - previewMs >= order.previewEveryMs
    if (wantsPreview) previewMs = now
    if (wantsCheckpoint) checkpointMs = now
    report({
      type: 'step',
      progress: last,
      ...(wantsPreview ? { previewJpeg: await encodeJpeg(step.preview(), PREVIEW_QUALITY) } : {}),
      ...(wantsCheckpoint ? { checkpoint: withoutMemory(step.checkpoint()) } : {}),
    })
  }

  const { threads, executionProviders, checkpoint } = order
  const run = (resumeFrom: Uint8Array | undefined): Promise<Stylised> =>
    stylize(request, {
      onStep,
      threads,
      executionProviders,
      ...(resumeFrom === undefined ? {} : { resumeFrom }),
    })
  let painted: Stylised
  try {
    painted = await run(checkpoint)
  } catch (error) {
    if (!(error instanceof StyleError) || error.fault !== 'checkpoint-invalid') throw error
    painted = await run(undefined)
  }
  const { image, costs } = painted
  report({
    type: 'painted',
    progress: {
      part: 1,
      level: last?.level ?? 0,
      levels: last?.levels ?? 1,
      width: image.width,
      height: image.height,
      step: painted.steps,
      steps: painted.steps,
      costs,
    },
    png: await encodePng(image),
    thumbnailJpeg: await encodeSmaller(image, THUMBNAIL_SIDE, 'jpeg'),
  })
}
