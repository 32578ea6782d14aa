import { clopperPearson, type Interval } from '../evaluation/statistics/binomial-interval.js'
import { drawPlot } from '../evaluation/statistics/svg-plot.js'

/** A said probability with what came true. */
export interface Forecast {
  readonly probability: number
  readonly same: boolean
}

export interface ReliabilityBin extends Interval {
  readonly from: number
  readonly to: number
  readonly pairs: number
  readonly meanProbability: number
  readonly observed: number
}

export interface Reliability {
  readonly bins: readonly ReliabilityBin[]
  /** Mean distance of what was said from what came true, by bins, weighted by pairs. */
  readonly expectedCalibrationError: number
  /** Mean squared error of the probability (Brier 1950). */
  readonly brier: number
}

const BINS = 10

/** How far probabilities can be taken at their word, in ten bins. */
export function measureReliability(forecasts: readonly Forecast[]): Reliability {
  const bins: ReliabilityBin[] = []
  let error = 0
  for (let i = 0; i < BINS; i++) {
    const inside = forecasts.filter(
      ({ probability }) => Math.min(BINS - 1, Math.floor(probability * BINS)) === i,
    )
    if (inside.length === 0) continue
    const hits = inside.filter(({ same }) => same).length
    const meanProbability =
      inside.reduce((sum, { probability }) => sum + probability, 0) / inside.length
    const observed = hits / inside.length
    error += (inside.length / forecasts.length) * Math.abs(observed - meanProbability)
    bins.push({
      from: i / BINS,
      to: (i + 1) / BINS,
      pairs: inside.length,
      meanProbability,
      observed,
      ...clopperPearson(hits, inside.length),
    })
  }
  const brier =
    forecasts.reduce((sum, { probability, same }) => sum + (probability - (same ? 1 : 0)) ** 2, 0) /
    forecasts.length
  return { bins, expectedCalibrationError: error, brier }
}

/** The reliability diagram as SVG: on the diagonal, a probability is what it says. */
export function drawReliability(reliability: Reliability, subtitle: string): string {
  const ticks = [0, 0.25, 0.5, 0.75, 1].map((value) => ({ value, text: String(value) }))
  const points = reliability.bins.map((bin) => ({ x: bin.meanProbability, y: bin.observed }))
  return drawPlot({
    title: 'Reliability of the second opinion',
    subtitle,
    x: { label: 'probability said', scale: 'linear', from: 0, to: 1, ticks },
    y: { label: 'share that was one person', scale: 'linear', from: 0, to: 1, ticks },
    series: [
      {
        label: 'pairs of people held out',
        style: 'dots',
        points,
        band: reliability.bins.map(({ meanProbability, low, high }) => ({
          x: meanProbability,
          low,
          high,
        })),
      },
      {
        label: 'as said',
        style: 'dashed',
        points: [
          { x: 0, y: 0 },
          { x: 1, y: 1 },
        ],
      },
    ],
  })
}
