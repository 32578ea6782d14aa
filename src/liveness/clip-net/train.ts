import { createSeededRandom, shuffle } from '../../evaluation/statistics/random.js'
import type { Random } from '../../evaluation/statistics/random.js'
import { CLIP_FRAMES, CLIP_SIDE } from './face-clip.js'
import { clipLoss, copyClipNet, parametersOf } from './net.js'
import type { ClipNet } from './net.js'

/** A clip with its truth. */
export interface LabelledClip {
  readonly clip: Float32Array
  readonly live: boolean
  /** In the loss; 1 is usual. */
  readonly weight: number
}

export interface TrainingPlan {
  readonly epochs: number
  readonly batch: number
  readonly learningRate: number
  readonly weightDecay: number
  readonly seed: number
  /** Told the mean loss of each epoch. */
  readonly onEpoch?: (epoch: number, meanLoss: number) => void
}

/** The clip as it might as well have been: mirrored, backwards, weaker or stronger, noisier. */
function vary(clip: Float32Array, random: Random): Float32Array {
  const mirrored = random() < 0.5
  const backwards = random() < 0.5
  const gain = 0.7 + 0.7 * random()
  const noise = random() < 0.5 ? 0 : 0.12 * random()
  const varied = new Float32Array(clip.length)
  for (let t = 0; t < CLIP_FRAMES; t++) {
    const fromT = backwards ? CLIP_FRAMES - 1 - t : t
    for (let y = 0; y < CLIP_SIDE; y++) {
      const to = (t * CLIP_SIDE + y) * CLIP_SIDE
      const from = (fromT * CLIP_SIDE + y) * CLIP_SIDE
      for (let x = 0; x < CLIP_SIDE; x++) {
        const value = clip[from + (mirrored ? CLIP_SIDE - 1 - x : x)] * gain
        varied[to + x] = noise === 0 ? value : value + noise * (random() + random() - 1) * 2.4
      }
    }
  }
  return varied
}

/**
 * Trains a copy of the net by Adam (Kingma and Ba 2015) with a cosine-shaped learning rate. The same
 * plan, net and clips always give the same weights.
 * @throws RangeError without clips, or when the loss is no longer finite
 */
export async function trainClipNet(
  start: ClipNet,
  clips: readonly LabelledClip[],
  plan: TrainingPlan,
): Promise<ClipNet> {
  if (clips.length === 0) throw new RangeError('there are no clips to train on')
  const net = copyClipNet(start)
  const parameters = parametersOf(net)
  const gradients = parameters.map((p) => new Float32Array(p.length))
  const means = parameters.map((p) => new Float32Array(p.length))
  const squares = parameters.map((p) => new Float32Array(p.length))
  const random = createSeededRandom(plan.seed)
  const order = clips.map((_, i) => i)
  const totalSteps = plan.epochs * Math.ceil(clips.length / plan.batch)
  let step = 0
  for (let epoch = 0; epoch < plan.epochs; epoch++) {
    shuffle(order, random)
    let loss = 0
    for (let from = 0; from < order.length; from += plan.batch) {
      const batch = order.slice(from, from + plan.batch)
      for (const gradient of gradients) gradient.fill(0)
      for (const i of batch) {
        const { clip, live, weight } = clips[i]
        loss += clipLoss(net, vary(clip, random), live ? 1 : 0, gradients, weight)
      }
      step++
      const rate = plan.learningRate * (0.5 + 0.5 * Math.cos((Math.PI * step) / totalSteps))
      const [fade1, fade2] = [1 - 0.9 ** step, 1 - 0.999 ** step]
      parameters.forEach((parameter, p) => {
        for (let i = 0; i < parameter.length; i++) {
          const slope = gradients[p][i] / batch.length
          means[p][i] = 0.9 * means[p][i] + 0.1 * slope
          squares[p][i] = 0.999 * squares[p][i] + 0.001 * slope * slope
          const change = means[p][i] / fade1 / (Math.sqrt(squares[p][i] / fade2) + 1e-8)
          parameter[i] -= rate * (change + plan.weightDecay * parameter[i])
        }
      })
      await new Promise((resolve) => setImmediate(resolve))
    }
    const meanLoss = loss / order.length
    if (!Number.isFinite(meanLoss)) {
      throw new RangeError('the loss is no longer finite; lower the learning rate')
    }
    plan.onEpoch?.(epoch + 1, meanLoss)
  }
  return net
}
