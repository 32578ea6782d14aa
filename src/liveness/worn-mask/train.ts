import { createSeededRandom } from '../../evaluation/statistics/random.js'
import type { Image } from '../../frame/image.js'
import { toPlanarTensor, type PixelFormat } from '../../frame/tensor.js'
import { createAdam } from '../../models/training/adam.js'
import { loadGraph } from '../../models/training/run-graph.js'
import { weightFeeds, WEIGHT_NAMES } from '../../models/training/trained-conv.js'
import {
  firstMaskWeights,
  MASK_LAYERS,
  MASK_NAMES,
  maskTrainingGraph,
  type MaskWeights,
} from './mask-net.js'
import { drawTrainingFace, type PicturedFace } from './training-faces.js'

/** What the net sees of a face. */
export interface MaskInput {
  readonly side: number
  /** Places of the five points, x and y interleaved. */
  readonly template: readonly number[]
  readonly format: PixelFormat
}

export interface MaskTraining {
  readonly steps: number
  readonly batch: number
  readonly seed: number
  readonly threads: number
  /** Told the mean loss of the last steps. */
  readonly onStep: (step: number, loss: number) => void
}

const FIRST_RATE = 3e-3
const LAST_RATE = 1e-5
/** Share of each weight that a step of rate 1 would take away. */
const WEIGHT_DECAY = 0.1
const LOSS_DECAY = 0.98
/** Drawing costs more than training: each drawn face is used so many times on average. */
const USES = 4
const KEPT = 8192
const FIRST_DRAWN = 256
/** Hard light comes in over this share of the steps; all of it at once, and the net learns nothing. */
const LIGHT_HARDENS = 0.2

/**
 * Trains the net to tell bare faces from worn masks; half of each batch are drawn masks.
 * @param people each with their pictures; a mask never shows its wearer
 * @throws RangeError when there are fewer than two people
 */
export async function trainWornMask(
  people: readonly (readonly PicturedFace[])[],
  input: MaskInput,
  training: MaskTraining,
): Promise<MaskWeights> {
  if (people.length < 2) throw new RangeError('masks need the pictures of two people at least')
  const { steps, batch, seed, threads } = training
  const { side, format } = input
  const random = createSeededRandom(seed)
  const graph = await loadGraph(maskTrainingGraph(batch, side), {
    threads,
    executionProviders: ['cpu'],
  })
  const weights = firstMaskWeights(seed, side)
  const parts = [...weights.convolutions].flatMap(([name, { filters, bias }]) => [
    { values: filters, gradient: WEIGHT_NAMES.filtersGradient(name) },
    { values: bias, gradient: WEIGHT_NAMES.biasGradient(name) },
  ])
  parts.push({ values: weights.places, gradient: MASK_NAMES.placesGradient })
  const adam = createAdam(
    parts.map(({ values }) => values),
    { decay: 0.9, squareDecay: 0.999 },
  )
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)]
  const length = 3 * side * side
  const planes = new Float32Array(batch * length)
  const targets = new Float32Array(batch)
  const drawn: { readonly image: Image; readonly target: number }[] = []
  let count = 0
  const draw = async (faces: number, hardLight: number): Promise<void> => {
    for (let i = 0; i < faces; i++) {
      const isWorn = count % 2 === 0
      const wearer = pick(people)
      let other = pick(people)
      while (other === wearer) other = pick(people)
      const image = await drawTrainingFace(
        pick(wearer),
        pick(other),
        { isWorn, hardLight },
        input,
        random,
      )
      drawn[count % KEPT] = { image, target: isWorn ? 1 : 0 }
      count++
    }
  }
  await draw(FIRST_DRAWN, 0)
  let smoothed: number | undefined
  for (let step = 1; step <= steps; step++) {
    for (let i = 0; i < batch; i++) {
      const { image, target } = pick(drawn)
      toPlanarTensor(image, format, planes.subarray(i * length, (i + 1) * length))
      targets[i] = target
    }
    const outputs = await graph.run({
      ...weightFeeds(MASK_LAYERS, weights.convolutions),
      [MASK_NAMES.places]: { values: weights.places, dims: [weights.places.length, 1] },
      [MASK_NAMES.input]: { values: planes, dims: [batch, 3, side, side] },
      [MASK_NAMES.targets]: { values: targets, dims: [batch, 1] },
    })
    await draw(batch / USES, Math.min(1, step / (LIGHT_HARDENS * steps)))
    const loss = crossEntropy(outputs[MASK_NAMES.logits], targets)
    if (!Number.isFinite(loss)) throw new RangeError('the loss is no longer finite')
    smoothed = smoothed === undefined ? loss : LOSS_DECAY * smoothed + (1 - LOSS_DECAY) * loss
    const done = step / steps
    const rate = LAST_RATE + (FIRST_RATE - LAST_RATE) * (0.5 + 0.5 * Math.cos(Math.PI * done))
    for (const { values } of parts) {
      for (let k = 0; k < values.length; k++) values[k] *= 1 - rate * WEIGHT_DECAY
    }
    adam.step(
      parts.map(({ gradient }) => outputs[gradient]),
      rate * Math.min(1, step / 50),
    )
    training.onStep(step, smoothed)
  }
  await graph.release()
  return weights
}

function crossEntropy(logits: Float32Array, targets: Float32Array): number {
  let sum = 0
  for (const [i, logit] of logits.entries()) {
    sum += Math.max(logit, 0) - logit * targets[i] + Math.log1p(Math.exp(-Math.abs(logit)))
  }
  return sum / logits.length
}
