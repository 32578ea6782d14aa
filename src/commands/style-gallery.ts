import { readFileSync, writeFileSync } from 'node:fs'
import sharp from 'sharp'
import { decodeImage } from '../frame/decode.js'
import type { Image } from '../frame/image.js'
import { resizeImage } from '../frame/resize.js'
import { assetPath } from '../models/registry.js'
import { STYLE_PATTERNS, paintPattern } from '../style/patterns.js'
import { stylize } from '../style/stylize.js'
import { openStylizer } from '../style/stylizer.js'
import { listTrainedStyles, readTrainedStyle, SHIPPED_STYLES } from '../style/trained-styles.js'
import { CommandError } from './command-error.js'
import { startProgress } from './progress.js'

export interface StyleGalleryOptions {
  readonly out: string
  readonly content?: string
  readonly size: string
  readonly threads: string
}

const GAP_PIXELS = 8

/** The picture in one pass of the trained style of that name; none where none ships. */
async function paintFast(id: string, content: Image, threads: number): Promise<Image | undefined> {
  const styles = listTrainedStyles([SHIPPED_STYLES], (error) => {
    throw error
  })
  const found = styles.find(({ manifest }) => manifest.id === id)
  if (found === undefined) return undefined
  const file = readTrainedStyle(found.file, found.manifest)
  const stylizer = openStylizer(id, file, { threads, executionProviders: ['cpu'] })
  try {
    return await stylizer.stylize(content)
  } finally {
    await stylizer.release()
  }
}

/**
 * `genkan style gallery`: styles above, the picture in each below, and under that the one pass of the
 * trained style where one ships; the content on the left.
 */
export async function styleGallery(options: StyleGalleryOptions): Promise<void> {
  const path = options.content ?? assetPath('joconde.jpg')
  const decoded = await decodeImage(readFileSync(path))
  if (!decoded.ok) throw new CommandError('bad-input', `${path}: ${decoded.detail}`)
  const content = decoded.image
  const sizePixels = Number(options.size)
  const threads = Number(options.threads)
  const results: { style: Image; result: Image; fast: Image | undefined }[] = []
  const progress = startProgress('styles', STYLE_PATTERNS.length)
  for (const { id } of STYLE_PATTERNS) {
    const style = paintPattern(id)
    if (style === undefined) continue
    const { image } = await stylize({ content, style, settings: { sizePixels } }, { threads })
    const fast = await paintFast(id, resizeImage(content, image.width, image.height), threads)
    results.push({ style, result: image, fast })
    progress.update(results.length)
  }
  progress.stop()
  const [{ result: first }] = results
  const cell = { width: first.width + GAP_PIXELS, height: first.height + GAP_PIXELS }
  const place = async (image: Image, column: number, row: number) => ({
    input: await sharp(image.data, {
      raw: { width: image.width, height: image.height, channels: 3 },
    })
      .resize(first.width, first.height, { fit: 'inside' })
      .png()
      .toBuffer(),
    left: column * cell.width + GAP_PIXELS,
    top: row * cell.height + GAP_PIXELS,
  })
  const tiles = [
    place(content, 0, 1),
    ...results.flatMap(({ style, result, fast }, i) => [
      place(style, i + 1, 0),
      place(result, i + 1, 1),
      ...(fast === undefined ? [] : [place(fast, i + 1, 2)]),
    ]),
  ]
  const sheet = await sharp({
    create: {
      width: (results.length + 1) * cell.width + GAP_PIXELS,
      height: 3 * cell.height + GAP_PIXELS,
      channels: 3,
      background: '#ffffff',
    },
  })
    .composite(await Promise.all(tiles))
    .png()
    .toBuffer()
  writeFileSync(options.out, sheet)
  process.stdout.write(`${options.out}\n`)
}
