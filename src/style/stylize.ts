import { createSeededRandom } from '../evaluation/statistics/random.js'
import type { Image } from '../frame/image.js'
import { resizeImage } from '../frame/resize.js'
import { readCheckpoint, requestHash, writeCheckpoint, type Checkpoint } from './checkpoint.js'
import { matchColours, takeLuminance } from './colour.js'
import {
  StyleError,
  type StyleCosts,
  type StyleHooks,
  type StyleSettings,
  type Stylize,
} from './engine.js'
import { openEvaluator, type Evaluator } from './evaluator.js'
import { planLevels, type Level } from './levels.js'
import { createAdam, createLbfgs, fallingRate, type Minimiser } from './minimise.js'
import { readStyleNetwork } from './network.js'
import { resizePlanes, toImage, toPlanes, type Planes } from './planes.js'
import { createPyramid, type Pyramid } from './pyramid.js'
import { checkPicture, completeSettings } from './settings.js'

/** Largest core of a tile, which bounds the memory of a large picture. */
const MAX_TILE_PIXELS = 512
const PYRAMID_DEPTH = 4
const PYRAMID_WEIGHT = 2
/** Pictures of more pixels move pixel by pixel: their broad areas are settled by then. */
const MAX_PYRAMID_PIXELS = 600_000
/** Of the rates tried at 128 pixels (0.02, 0.03, 0.05) the one that ended lowest. */
const ADAM_RATE = 0.05
const LBFGS_MEMORY = 20
/** What L-BFGS may remember, all pairs together. */
const LBFGS_MEMORY_BYTES = 160 * 1024 * 1024
/** The run goes on to the next size when J fell by less than this share over so many steps. */
const PLATEAU_SHARE = 0.0015
const PLATEAU_STEPS = 8
const NOISE_AMPLITUDE = 0.25

/** A coordinate system of pictures of one size; Adam goes lower pixel by pixel. */
function coordinatesOf({ width, height }: Level, optimiser: StyleSettings['optimiser']): Pyramid {
  const isByPixels = optimiser === 'adam' || width * height > MAX_PYRAMID_PIXELS
  const depth = isByPixels ? 0 : PYRAMID_DEPTH
  return createPyramid(width, height, depth, PYRAMID_WEIGHT)
}

function openMinimiser(
  evaluator: Evaluator,
  coordinates: Pyramid,
  settings: StyleSettings,
  steps: number,
  start: Float32Array,
  memory: Checkpoint['memory'] | undefined,
  report: (costs: StyleCosts) => void,
): Minimiser {
  const { width, height } = evaluator
  const objective = async (point: Float32Array) => {
    const picture = { width, height, data: coordinates.toPicture(point) }
    const { costs, gradient } = await evaluator.evaluate(picture)
    if (!Number.isFinite(costs.total)) {
      throw new StyleError('not-finite', 'the cost left the range of numbers; lower alpha or beta')
    }
    report(costs)
    return { value: costs.total, gradient: coordinates.pullBack(gradient) }
  }
  if (settings.optimiser === 'adam') {
    return createAdam(objective, start, fallingRate(ADAM_RATE, steps), memory)
  }
  const pairs = Math.floor(LBFGS_MEMORY_BYTES / (8 * coordinates.length))
  return createLbfgs(objective, start, Math.max(3, Math.min(LBFGS_MEMORY, pairs)), memory)
}

/** Uniform noise about middle gray. */
function noise({ width, height }: Level, seed: number): Planes {
  const random = createSeededRandom(seed)
  const data = Float32Array.from(
    { length: 3 * width * height },
    () => 0.5 + NOISE_AMPLITUDE * (2 * random() - 1),
  )
  return { width, height, data }
}

/** The style picture at the size of its strokes, never larger than it is. */
function scaleStyle(style: Image, level: Level, strokeScale: number): Image {
  const longer = strokeScale * Math.max(level.width, level.height)
  const scale = Math.min(1, longer / Math.max(style.width, style.height))
  const side = (pixels: number) => Math.max(16, Math.round(pixels * scale))
  return resizeImage(style, side(style.width), side(style.height))
}

/**
 * A result at the next size: enlarged, and with the detail that only the larger content has.
 * @param before the content at the result's size; without it nothing is added
 */
function enlarge(picture: Planes, before: Planes | undefined, content: Planes): Planes {
  const { width, height } = content
  const larger = resizePlanes(picture, width, height)
  if (before === undefined) return larger
  const blurred = resizePlanes(before, width, height).data
  const data = larger.data.map((value, i) => value + content.data[i] - blurred[i])
  return { width, height, data }
}

/** A J that rises, as under Adam's first steps, has not settled. */
function hasSettled(history: readonly number[]): boolean {
  const before = history.at(-1 - PLATEAU_STEPS)
  const now = history.at(-1)
  if (before === undefined || now === undefined) return false
  const fall = before - now
  return fall >= 0 && fall < PLATEAU_SHARE * before
}

/** {@link Stylize} by onnxruntime. */
export const stylize: Stylize = async (request, hooks: StyleHooks = {}) => {
  const settings = completeSettings(request.settings)
  checkPicture('content', request.content)
  checkPicture('style', request.style)
  const levels = planLevels(request.content, settings.sizePixels, settings.stepsPerLevel)
  const network = readStyleNetwork()
  const hash = requestHash(request, settings, network.sha256)
  let resumed = hooks.resumeFrom === undefined ? undefined : readCheckpoint(hooks.resumeFrom, hash)
  if (resumed !== undefined && resumed.level >= levels.length) {
    throw new StyleError('checkpoint-invalid', 'the checkpoint is of another run; start anew')
  }
  const options = {
    threads: hooks.threads ?? 2,
    executionProviders: hooks.executionProviders ?? ['cpu'],
    maxTilePixels: MAX_TILE_PIXELS,
  }
  hooks.signal?.throwIfAborted()

  let picture: Planes | undefined
  let contentBefore: Planes | undefined
  let costs: StyleCosts | undefined
  let stepsDone = resumed?.stepsDone ?? 0
  let workDone = 0
  for (const [at, level] of levels.entries()) {
    if (resumed !== undefined && at < resumed.level) {
      workDone += level.work
      continue
    }
    const { width, height } = level
    const content = toPlanes(resizeImage(request.content, width, height))
    const plainStyle = toPlanes(scaleStyle(request.style, level, settings.strokeScale))
    const style =
      settings.colour === 'content-statistics' ? matchColours(plainStyle, content) : plainStyle
    const evaluator = await openEvaluator(network, content, style, settings, options)
    try {
      const coordinates = coordinatesOf(level, settings.optimiser)
      const first = settings.start === 'noise' ? noise(level, settings.seed) : content
      const begin = picture === undefined ? first : enlarge(picture, contentBefore, content)
      if (resumed !== undefined && resumed.point.length !== coordinates.length) {
        throw new StyleError('checkpoint-invalid', 'the checkpoint is of another run; start anew')
      }
      const minimiser = openMinimiser(
        evaluator,
        coordinates,
        settings,
        level.steps,
        resumed?.point ?? coordinates.fromPicture(begin.data),
        resumed?.memory,
        (found) => {
          if (settings.optimiser === 'adam' || found.total <= minimiser.value) costs = found
        },
      )
      const history = [...(resumed?.history ?? [])]
      let step = resumed?.step ?? 0
      resumed = undefined
      const current = (): Planes => ({
        width,
        height,
        data: coordinates.toPicture(minimiser.point),
      })
      const finish = (planes: Planes) =>
        toImage(settings.colour === 'content-luminance' ? takeLuminance(planes, content) : planes)
      while (step < level.steps && !hasSettled(history)) {
        hooks.signal?.throwIfAborted()
        const moved = await minimiser.step()
        step++
        stepsDone++
        history.push(minimiser.value)
        if (history.length > 2 * PLATEAU_STEPS) history.shift()
        if (hooks.onStep !== undefined && costs !== undefined) {
          const doneHere = step
          await hooks.onStep({
            level: at,
            levels: levels.length,
            width,
            height,
            step,
            steps: level.steps,
            progress: workDone + (level.work * step) / level.steps,
            costs,
            preview: () => finish(current()),
            checkpoint: () =>
              writeCheckpoint(hash, {
                level: at,
                step: doneHere,
                stepsDone,
                history,
                point: minimiser.point,
                memory: minimiser.state(),
              }),
          })
        }
        if (!moved) break
      }
      picture = current()
      contentBefore = settings.start === 'content' ? content : undefined
      workDone += level.work
      if (at === levels.length - 1) {
        if (costs === undefined) costs = (await evaluator.evaluate(picture)).costs
        return { image: finish(picture), costs, steps: stepsDone }
      }
    } finally {
      await evaluator.release()
    }
  }
  throw new Error('a run has at least one level')
}
