import { readFileSync, writeFileSync } from 'node:fs'
import sharp from 'sharp'
import { decodeImage } from '../frame/decode.js'
import type { Image } from '../frame/image.js'
import { assetPath } from '../models/registry.js'
import { STYLE_PATTERNS, paintPattern } from '../style/patterns.js'
import { stylize } from '../style/stylize.js'
import { CommandError } from './command-error.js'
import { startProgress } from './progress.js'

export interface StyleGalleryOptions {
  readonly out: string
  readonly content?: string
  readonly size: string
  readonly threads: string
}

const GAP_PIXELS = 8

/** `genkan style gallery`: styles above, the picture in each below; the content on the left. */
export async function styleGallery(options: StyleGalleryOptions): Promise<void> {
  const path = options.content ?? assetPath('joconde.jpg')
  const decoded = await decodeImage(readFileSync(path))
  if (!decoded.ok) throw new CommandError('bad-input', `${path}: ${decoded.detail}`)
  const content = decoded.image
  const sizePixels = Number(options.size)
  const results: { style: Image; result: Image }[] = []
  const progress = startProgress('styles', STYLE_PATTERNS.length)
  for (const { id } of STYLE_PATTERNS) {
    const style = paintPattern(id)
    if (style === undefined) continue
    const { image } = await stylize(
      { content, style, settings: { sizePixels } },
      { threads: Number(options.threads) },
    )
    results.push({ style, result: image })
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
    ...results.flatMap(({ style, result }, i) => [place(style, i + 1, 0), place(result, i + 1, 1)]),
  ]
  const sheet = await sharp({
    create: {
      width: (results.length + 1) * cell.width + GAP_PIXELS,
      height: 2 * cell.height + GAP_PIXELS,
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
