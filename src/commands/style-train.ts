import { mkdirSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { readClip } from '../capture/clip-reader.js'
import { createSeededRandom } from '../evaluation/statistics/random.js'
import { decodeImage } from '../frame/decode.js'
import type { Image } from '../frame/image.js'
import { shrinkImage } from '../frame/resize.js'
import { sha256Hex, writeAtomically } from '../models/checked-file.js'
import { describeCause } from '../models/error.js'
import { readStyleNetwork } from '../style/network.js'
import { paintPattern } from '../style/patterns.js'
import { cutWindow, toPlanes } from '../style/planes.js'
import { DEFAULT_STYLE_SETTINGS } from '../style/settings.js'
import { quantizeStylizer } from '../style/stylizer.js'
import { TRAINED_STYLE_ID, type TrainedStyleManifest } from '../style/trained-styles.js'
import { trainStylizer } from '../style/train-stylizer.js'
import { CommandError } from './command-error.js'
import { startProgress } from './progress.js'

export interface StyleTrainOptions {
  readonly images: string
  readonly id: string
  readonly out: string
  readonly minutes: string
  readonly steps: string
  readonly size: string
  readonly beta: string
  readonly stroke: string
  readonly seed: string
  readonly threads: string
}

const MAX_PICTURES = 400
/** What pictures are shrunk to, so that many fit into memory. */
const LONGEST_SIDE = 720
const CALIBRATION_SQUARES = 16
const PICTURE = /\.(jpe?g|png|webp)$/i
const CLIP = /\.(mp4|webm|mkv)$/i
/** Neighbouring frames are alike: one in eight seconds, of the first minutes. */
const CLIP_FRAMES_PER_SECOND = 1 / 8
const MAX_CLIP_FRAMES = 12

async function readPicture(path: string): Promise<Image[]> {
  const decoded = await decodeImage(readFileSync(path))
  return decoded.ok ? [shrinkImage(decoded.image, LONGEST_SIDE)] : []
}

/** Pictures from all over a clip. */
async function readFrames(path: string): Promise<Image[]> {
  const frames: Image[] = []
  for await (const { image } of readClip(path, { framesPerSecond: CLIP_FRAMES_PER_SECOND })) {
    frames.push(shrinkImage(image, LONGEST_SIDE))
    if (frames.length === MAX_CLIP_FRAMES) break
  }
  return frames
}

/** Decodes every picture of a folder, and some frames of every clip, in the order of their names. */
async function readFolder(folder: string): Promise<Image[]> {
  let names: string[]
  try {
    names = readdirSync(folder).filter((name) => PICTURE.test(name) || CLIP.test(name))
  } catch (cause) {
    throw new CommandError('bad-input', `${folder} cannot be read (${describeCause(cause)})`)
  }
  const pictures: Image[] = []
  for (const name of names.sort()) {
    const path = join(folder, name)
    pictures.push(...(await (CLIP.test(name) ? readFrames(path) : readPicture(path))))
    if (pictures.length >= MAX_PICTURES) break
  }
  if (pictures.length === 0) {
    throw new CommandError('bad-input', `${folder} holds no picture or clip to train on`)
  }
  return pictures
}

function numberIn(name: string, text: string, least: number, most: number): number {
  const value = Number(text)
  if (!(value >= least && value <= most)) {
    throw new CommandError('bad-input', `--${name} must be ${least} to ${most}`)
  }
  return value
}

/** `genkan style train`: writes the 8-bit net and how it was made. */
export async function styleTrain(picture: string, options: StyleTrainOptions): Promise<void> {
  if (!TRAINED_STYLE_ID.test(options.id)) {
    throw new CommandError('bad-input', '--id must be of lower-case letters, digits and hyphens')
  }
  const painted = paintPattern(picture)
  const decoded = painted === undefined ? await decodeImage(readFileSync(picture)) : undefined
  if (decoded?.ok === false) throw new CommandError('bad-input', `${picture}: ${decoded.detail}`)
  const style = painted ?? decoded?.image
  if (style === undefined) throw new CommandError('bad-input', `${picture} is no picture`)
  const sidePixels = 8 * Math.round(numberIn('size', options.size, 64, 384) / 8)
  const steps = Math.round(numberIn('steps', options.steps, 1, 100_000))
  const maxMinutes = numberIn('minutes', options.minutes, 0.05, 600)
  const seed = Math.round(numberIn('seed', options.seed, 0, 2 ** 31))
  const threads = Math.round(numberIn('threads', options.threads, 1, 64))
  const beta = numberIn('beta', options.beta, 0, 1e6)
  const strokeScale = numberIn('stroke', options.stroke, 0.25, 4)
  const pictures = await readFolder(options.images)
  const progress = startProgress('training', steps)
  let done = 0
  let cost = NaN
  const startedMs = performance.now()
  const weights = await trainStylizer(readStyleNetwork(), style, pictures, {
    steps,
    maxMinutes,
    sidePixels,
    seed,
    threads,
    executionProviders: ['cpu'],
    settings: { ...DEFAULT_STYLE_SETTINGS, beta, strokeScale },
    onStep(step, smoothed) {
      done = step
      cost = smoothed
      progress.update(step)
    },
  })
  progress.stop()
  const random = createSeededRandom(seed + 1)
  const squares = Array.from({ length: CALIBRATION_SQUARES }, () => {
    const planes = toPlanes(pictures[Math.floor(random() * pictures.length)])
    const top = Math.floor(random() * Math.max(1, planes.height - sidePixels))
    const left = Math.floor(random() * Math.max(1, planes.width - sidePixels))
    return cutWindow(planes, { top, left, height: sidePixels, width: sidePixels })
  })
  const model = await quantizeStylizer(weights, squares, sidePixels, 'squares trained on')
  const record: TrainedStyleManifest = {
    id: options.id,
    style: painted === undefined ? 'a picture of the operator' : picture,
    bytes: model.length,
    sha256: sha256Hex(model),
    training: { pictures: pictures.length, steps: done, sidePixels, seed, beta, strokeScale, cost },
  }
  mkdirSync(options.out, { recursive: true })
  writeAtomically(join(options.out, `${options.id}.onnx`), model)
  const text = `${JSON.stringify(record, undefined, 2)}\n`
  writeAtomically(join(options.out, `${options.id}.json`), Buffer.from(text))
  process.stdout.write(
    `${options.id}: ${model.length} bytes, cost ${cost.toFixed(3)} after ${done} steps, ` +
      `${((performance.now() - startedMs) / 60_000).toFixed(1)} min\n`,
  )
}
