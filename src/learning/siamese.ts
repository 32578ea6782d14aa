import type { Scalar, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core'
import type { TensorFlow } from './tensorflow.js'

/**
 * What of two encodings goes into the logistic unit:
 * - `difference`: |f(i)ₖ − f(j)ₖ|;
 * - `chi-square`: (f(i)ₖ − f(j)ₖ)² / (f(i)ₖ + f(j)ₖ) of non-negative features, which are the encoding's
 *   positive and negative parts side by side (concatenated ReLU, arXiv 1603.05201).
 */
export type SiameseForm = 'difference' | 'chi-square'

export const SIAMESE_FORMS = ['difference', 'chi-square'] as const

/** ŷ = σ(scale · (Σ wₖ xₖ + b) + offset): the probability that two encodings are of one person. */
export interface SiameseHead {
  readonly form: SiameseForm
  readonly weights: Float64Array
  readonly bias: number
  /** Platt's calibration, fitted on other people than the weights; 1 and 0 before. */
  readonly scale: number
  readonly offset: number
}

/** Two encodings with their truth. */
export interface EncodedPair {
  readonly a: Float32Array
  readonly b: Float32Array
  readonly same: boolean
}

export interface SiameseOptions {
  readonly form: SiameseForm
  readonly steps: number
  readonly learningRate: number
  /** Weight of Σ w² in the loss. */
  readonly decay: number
  readonly onStep?: (step: number, loss: number) => void
}

/** The features of a pair; of one length for each form. */
export function pairFeatures(form: SiameseForm, a: Float32Array, b: Float32Array): Float32Array {
  if (a.length !== b.length) throw new RangeError('encodings differ in length')
  if (form === 'difference') return a.map((value, k) => Math.abs(value - b[k]))
  const features = new Float32Array(2 * a.length)
  for (let k = 0; k < a.length; k++) {
    features[k] = chiSquare(Math.max(0, a[k]), Math.max(0, b[k]))
    features[a.length + k] = chiSquare(Math.max(0, -a[k]), Math.max(0, -b[k]))
  }
  return features
}

function chiSquare(x: number, y: number): number {
  const total = x + y
  return total > 0 ? (x - y) ** 2 / total : 0
}

/** Mean logistic loss over pairs, each class counting half, plus decay · Σ w². */
export function siameseLoss(
  tf: TensorFlow,
  features: Tensor2D,
  signs: Tensor1D,
  shares: Tensor1D,
  weights: Tensor2D,
  bias: Scalar,
  decay: number,
): Scalar {
  const logits = tf.add(tf.reshape(tf.matMul(features, weights), [-1]), bias)
  const losses = tf.softplus(tf.neg(tf.mul(signs, logits)))
  const data: Scalar = tf.sum(tf.mul(losses, shares))
  return tf.add(data, tf.mul(tf.sum(tf.square(weights)), decay))
}

/**
 * Trains the logistic unit over frozen encodings by Adam on all pairs at once, from zero: nothing is
 * drawn, so the same pairs always give the same weights.
 * @throws RangeError when a class of pairs is missing
 */
export function trainSiamese(
  tf: TensorFlow,
  pairs: readonly EncodedPair[],
  { form, steps, learningRate, decay, onStep }: SiameseOptions,
): SiameseHead {
  const genuine = pairs.filter(({ same }) => same).length
  if (genuine === 0 || genuine === pairs.length) {
    throw new RangeError('a siamese head needs pairs of one person and pairs of two')
  }
  const rows = pairs.map(({ a, b }) => pairFeatures(form, a, b))
  const length = rows[0].length
  const flat = new Float32Array(rows.length * length)
  rows.forEach((row, i) => flat.set(row, i * length))
  const features = tf.tensor2d(flat, [rows.length, length])
  const signs = tf.tensor1d(pairs.map(({ same }) => (same ? 1 : -1)))
  const shares = tf.tensor1d(
    pairs.map(({ same }) => 0.5 / (same ? genuine : pairs.length - genuine)),
  )
  const zero: Tensor2D = tf.zeros([length, 1])
  const none = tf.scalar(0)
  const weights = tf.variable(zero)
  const bias = tf.variable(none)
  const adam = tf.train.adam(learningRate)
  try {
    for (let step = 1; step <= steps; step++) {
      const loss = tf.tidy(() => {
        const value = adam.minimize(
          () => siameseLoss(tf, features, signs, shares, weights, bias, decay),
          true,
          [weights, bias],
        )
        return value?.dataSync()[0] ?? NaN
      })
      if (!Number.isFinite(loss)) throw new RangeError('the loss is not finite; learn more slowly')
      onStep?.(step, loss)
    }
    return {
      form,
      weights: Float64Array.from(weights.dataSync()),
      bias: bias.dataSync()[0],
      scale: 1,
      offset: 0,
    }
  } finally {
    adam.dispose()
    tf.dispose([features, signs, shares, zero, none, weights, bias])
  }
}

/** Σ wₖ xₖ + b, before calibration. */
export function siameseLogit(head: SiameseHead, a: Float32Array, b: Float32Array): number {
  const features = pairFeatures(head.form, a, b)
  let sum = head.bias
  for (let k = 0; k < features.length; k++) sum += head.weights[k] * features[k]
  return sum
}

/** ŷ. */
export function siameseProbability(head: SiameseHead, a: Float32Array, b: Float32Array): number {
  return sigmoid(head.scale * siameseLogit(head, a, b) + head.offset)
}

export function sigmoid(x: number): number {
  return x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x))
}

/**
 * Fits scale and offset so that ŷ is a probability where both classes are as likely (Platt 1999, with
 * his smoothed targets), by Newton steps.
 * @param pairs of people that the weights were not trained on
 */
export function calibrateSiamese(head: SiameseHead, pairs: readonly EncodedPair[]): SiameseHead {
  const genuine = pairs.filter(({ same }) => same).length
  const impostor = pairs.length - genuine
  if (genuine === 0 || impostor === 0) {
    throw new RangeError('calibration needs pairs of one person and pairs of two')
  }
  const samples = pairs.map(({ a, b, same }) => ({
    logit: siameseLogit(head, a, b),
    target: same ? (genuine + 1) / (genuine + 2) : 1 / (impostor + 2),
    share: 0.5 / (same ? genuine : impostor),
  }))
  let scale = 1
  let offset = 0
  for (let round = 0; round < 100; round++) {
    let [g0, g1, h00, h01, h11] = [0, 0, 1e-9, 0, 1e-9]
    for (const { logit, target, share } of samples) {
      const p = sigmoid(scale * logit + offset)
      const slope = share * (p - target)
      const curve = share * Math.max(1e-9, p * (1 - p))
      g0 += slope * logit
      g1 += slope
      h00 += curve * logit * logit
      h01 += curve * logit
      h11 += curve
    }
    const determinant = h00 * h11 - h01 * h01
    const stepScale = (h11 * g0 - h01 * g1) / determinant
    const stepOffset = (h00 * g1 - h01 * g0) / determinant
    const damping = Math.min(1, 1 / Math.max(Math.abs(stepScale), Math.abs(stepOffset)))
    scale -= damping * stepScale
    offset -= damping * stepOffset
    if (Math.abs(stepScale) + Math.abs(stepOffset) < 1e-10) break
  }
  return { ...head, scale, offset }
}
