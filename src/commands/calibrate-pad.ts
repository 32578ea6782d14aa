import { writeFileSync } from 'node:fs'
import { readClip } from '../capture/clip-reader.js'
import { openCamera } from '../capture/open-camera.js'
import { defaultReplayPlaylist } from '../capture/replay-playlist.js'
import type { Config } from '../config/schema.js'
import { listLabelledPictures, readPicture } from '../evaluation/labelled-pictures.js'
import type { Image } from '../frame/image.js'
import { bezelCue } from '../liveness/bezel.js'
import { fitPadCalibration } from '../liveness/pad-calibration.js'
import type { PadCalibration } from '../liveness/pad-calibration.js'
import { TEXTURE_RULE } from '../liveness/texture.js'
import { assetPath } from '../models/registry.js'
import { calibratedNets, loadStages } from '../stages.js'
import { CommandError } from './command-error.js'
import { loadSetup } from './setup.js'
import type { SetupOptions } from './setup.js'

export interface CalibratePadOptions extends SetupOptions {
  readonly out: string
  /** A clip of a living person before the installed camera, instead of the camera itself. */
  readonly clip?: string
  /** Pictures of living people before it, one folder a person. */
  readonly images?: string
  readonly seconds: string
  readonly json?: boolean
}

/** What the person before the camera is asked for, in equal shares of the time. */
const GUIDE = [
  'stand where people stand, and look at the camera',
  'turn your head slowly to both sides, and talk',
  'come as near as people come',
  'step back as far as the door should still open, and change the light if you can',
] as const
const FRAMES_PER_SECOND = 5

/** `genkan calibrate pad`: a guided minute of a living person before the installed camera. */
export async function calibratePad(options: CalibratePadOptions): Promise<void> {
  const seconds = Number(options.seconds)
  if (!(seconds >= 10 && seconds <= 600)) {
    throw new CommandError('bad-input', '--seconds must be 10 to 600')
  }
  if (options.clip !== undefined && options.images !== undefined) {
    throw new CommandError('bad-input', 'give --clip or --images, not both')
  }
  const config = loadSetup(options)
  const stages = await loadStages(config.models)
  const scores = {
    texture: new Array<number>(),
    bezel: new Array<number>(),
    mask: new Array<number>(),
  }
  const bezel = bezelCue()
  for await (const image of imagesOf(options, config, seconds)) {
    const face = (await stages.finder.find(image)).at(0)
    if (face === undefined || face.box.height < TEXTURE_RULE.minFaceHeightPx) continue
    scores.texture.push(await stages.scoreTexture(image, face.box))
    scores.mask.push(await stages.scoreMask(image, face))
    const edges = await bezel.score(image, face)
    if (edges !== undefined) scores.bezel.push(edges)
  }
  const nets = calibratedNets(stages)
  const source = options.clip ?? options.images ?? `camera, ${config.camera.source}`
  let calibration: PadCalibration
  try {
    calibration = fitPadCalibration(scores, { ...nets, source })
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    throw new CommandError('bad-input', `${error.message}; stand nearer, in better light`)
  }
  writeFileSync(options.out, `${JSON.stringify(calibration, null, 2)}\n`)
  const { texture, bezel: edges, mask, frames } = calibration
  process.stdout.write(
    options.json === true
      ? `${JSON.stringify(calibration)}\n`
      : `${options.out}: ${frames} frames; texture accepts from ${texture.liveFrom.toFixed(3)}; ` +
          `${edges.attackBelow > 0 ? 'straight edges around a face refuse' : 'straight edges do not refuse: the scene has some'}; ` +
          `a face counts as a worn mask below ${(mask?.attackBelow ?? 0).toFixed(3)}\n` +
          `set liveness.calibrationFile: ${options.out}\n`,
  )
}

async function* imagesOf(
  options: CalibratePadOptions,
  config: Config,
  seconds: number,
): AsyncGenerator<Image> {
  if (options.clip !== undefined) {
    const reading = { framesPerSecond: FRAMES_PER_SECOND, durationS: seconds }
    for await (const { image } of readClip(options.clip, reading)) yield image
    return
  }
  if (options.images !== undefined) {
    for (const { path } of listLabelledPictures(options.images)) {
      const image = await readPicture(path)
      if (image !== undefined) yield image
    }
    return
  }
  const camera = openCamera(config.camera, {
    playlist: defaultReplayPlaylist(assetPath),
    onReplayItem: () => undefined,
    onState: () => undefined,
  })
  const endMs = performance.now() + seconds * 1000
  let shown = -1
  let lastMs = -Infinity
  try {
    for (let nowMs = performance.now(); nowMs < endMs; nowMs = performance.now()) {
      const step = Math.floor(GUIDE.length * (1 - (endMs - nowMs) / (seconds * 1000)))
      if (step !== shown && step < GUIDE.length) {
        shown = step
        process.stderr.write(`${GUIDE[step]}\n`)
      }
      const frame = await camera.nextFrame(AbortSignal.timeout(Math.ceil(endMs - nowMs)))
      if (frame === undefined) continue
      if (frame.monotonicMs - lastMs < 1000 / FRAMES_PER_SECOND) continue
      lastMs = frame.monotonicMs
      yield frame.image
    }
  } finally {
    await camera.stop()
  }
}
