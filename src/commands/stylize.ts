import { readFileSync, writeFileSync } from 'node:fs'
import { decodeImage, encodeJpeg, encodePng } from '../frame/decode.js'
import type { Image } from '../frame/image.js'
import { shrinkImage } from '../frame/resize.js'
import { describeCause } from '../models/error.js'
import { StyleError, type StyleRequest } from '../style/engine.js'
import { paintPattern } from '../style/patterns.js'
import { stylize } from '../style/stylize.js'
import { openStylizer } from '../style/stylizer.js'
import { listTrainedStyles, readTrainedStyle, SHIPPED_STYLES } from '../style/trained-styles.js'
import { CommandError } from './command-error.js'
import { startProgress } from './progress.js'

export interface StylizeOptions {
  readonly out: string
  readonly size: string
  readonly alpha?: string
  readonly beta?: string
  readonly tv?: string
  readonly stroke?: string
  readonly steps?: string
  readonly start?: string
  readonly colour?: string
  readonly optimiser?: string
  readonly seed?: string
  readonly threads: string
  readonly fast?: boolean
  readonly json?: boolean
}

const PROGRESS_UNITS = 1000
/** Where `genkan style train` writes. */
const OWN_STYLES = 'stylizers'

async function readPicture(path: string): Promise<Image> {
  let bytes: Uint8Array
  try {
    bytes = readFileSync(path)
  } catch (cause) {
    throw new CommandError('bad-input', `${path} cannot be read (${describeCause(cause)})`)
  }
  const decoded = await decodeImage(bytes)
  if (!decoded.ok) throw new CommandError('bad-input', `${path}: ${decoded.detail}`)
  return decoded.image
}

async function readStyle(style: string): Promise<Image> {
  return paintPattern(style) ?? readPicture(style)
}

function settingsOf(options: StylizeOptions): NonNullable<StyleRequest['settings']> {
  const numbers = {
    sizePixels: options.size,
    alpha: options.alpha,
    beta: options.beta,
    totalVariation: options.tv,
    strokeScale: options.stroke,
    stepsPerLevel: options.steps,
    seed: options.seed,
  }
  const words = { start: options.start, colour: options.colour, optimiser: options.optimiser }
  const given = (
    fields: Readonly<Record<string, string | undefined>>,
    read: (v: string) => unknown,
  ) =>
    Object.entries(fields).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, read(value)] as const],
    )
  // What is out of bounds or no number is refused, by name, where the settings are completed.
  return Object.fromEntries([...given(numbers, Number), ...given(words, String)])
}

async function writePicture(path: string, image: Image): Promise<void> {
  writeFileSync(path, await (/\.png$/i.test(path) ? encodePng(image) : encodeJpeg(image, 92)))
}

/** One pass of a trained net, shipped or of the operator's own folder. */
async function stylizeFast(
  content: Image,
  style: string,
  threads: number,
  options: Pick<StylizeOptions, 'out' | 'size' | 'json'>,
): Promise<void> {
  const styles = listTrainedStyles([OWN_STYLES, SHIPPED_STYLES], (error) => {
    throw new CommandError('bad-input', error.message)
  })
  const found = styles.find(({ manifest }) => manifest.id === style)
  if (found === undefined) {
    const known = styles.map(({ manifest }) => manifest.id).join(', ')
    throw new CommandError(
      'bad-input',
      `there is no trained style ${style}; choose one of ${known}`,
    )
  }
  const file = readTrainedStyle(found.file, found.manifest)
  const stylizer = openStylizer(style, file, { threads, executionProviders: ['cpu'] })
  try {
    const picture = shrinkImage(content, Number(options.size))
    await stylizer.stylize(picture)
    const startedMs = performance.now()
    const image = await stylizer.stylize(picture)
    const milliseconds = performance.now() - startedMs
    await writePicture(options.out, image)
    const size = `${image.width}x${image.height}`
    process.stdout.write(
      options.json === true
        ? `${JSON.stringify({ out: options.out, size, milliseconds })}\n`
        : `${options.out}: ${size}, ${milliseconds.toFixed(0)} ms\n`,
    )
  } catch (cause) {
    if (cause instanceof StyleError) throw new CommandError('bad-input', cause.message)
    throw cause
  } finally {
    await stylizer.release()
  }
}

/** `genkan stylize`: one picture in the style of another, written as PNG or JPEG. */
export async function stylizeCommand(
  content: string,
  style: string,
  options: StylizeOptions,
): Promise<void> {
  if (!/\.(png|jpe?g)$/i.test(options.out)) {
    throw new CommandError('bad-input', `${options.out} must end in .png or .jpg`)
  }
  const threads = Number(options.threads)
  if (!Number.isInteger(threads) || threads < 1 || threads > 64) {
    throw new CommandError('bad-input', '--threads must be 1 to 64')
  }
  if (options.fast === true) {
    await stylizeFast(await readPicture(content), style, threads, options)
    return
  }
  const request: StyleRequest = {
    content: await readPicture(content),
    style: await readStyle(style),
    settings: settingsOf(options),
  }
  const startedMs = performance.now()
  const progress = startProgress('stylising', PROGRESS_UNITS)
  try {
    const { image, costs, steps } = await stylize(request, {
      threads,
      onStep: (step) => progress.update(Math.round(PROGRESS_UNITS * step.progress)),
    })
    progress.update(PROGRESS_UNITS)
    await writePicture(options.out, image)
    const report = {
      out: options.out,
      size: `${image.width}x${image.height}`,
      steps,
      costs,
      seconds: (performance.now() - startedMs) / 1000,
      peakRssMb: process.resourceUsage().maxRSS / 1024,
    }
    process.stdout.write(
      options.json === true
        ? `${JSON.stringify(report)}\n`
        : `${report.out}: ${report.size}, ${steps} steps, J ${costs.total.toFixed(4)} ` +
            `(content ${costs.content.toFixed(4)}, style ${costs.style.toFixed(4)}), ` +
            `${report.seconds.toFixed(1)} s, peak ${report.peakRssMb.toFixed(0)} MB\n`,
    )
  } catch (cause) {
    if (cause instanceof StyleError) throw new CommandError('bad-input', cause.message)
    throw cause
  } finally {
    progress.stop()
  }
}
