import type { OperatingPoint } from './error-rates.js'
import { drawPlot, type AxisScale, type PlotAxis } from './svg-plot.js'

const RATES = [
  { value: 1e-8, text: '10⁻⁸' },
  { value: 1e-7, text: '10⁻⁷' },
  { value: 1e-6, text: '10⁻⁶' },
  { value: 1e-5, text: '10⁻⁵' },
  { value: 1e-4, text: '0.01 %' },
  { value: 1e-3, text: '0.1 %' },
  { value: 5e-3, text: '0.5 %' },
  { value: 1e-2, text: '1 %' },
  { value: 0.02, text: '2 %' },
  { value: 0.05, text: '5 %' },
  { value: 0.1, text: '10 %' },
  { value: 0.2, text: '20 %' },
  { value: 0.4, text: '40 %' },
  { value: 0.6, text: '60 %' },
  { value: 0.8, text: '80 %' },
  { value: 0.9, text: '90 %' },
  { value: 1, text: '100 %' },
]

function rateAxis(label: string, scale: AxisScale, from: number, to: number): PlotAxis {
  const ticks = RATES.filter(
    ({ value }) =>
      value >= from && value <= to && (scale === 'probit' || Math.log10(value) % 1 === 0),
  )
  return { label, scale, from, to, ticks }
}

const SIZES = ['1', '10', '100', '1,000', '10,000', '100,000', '1,000,000']

function sizeAxis(sizes: readonly number[]): PlotAxis {
  const from = Math.min(...sizes)
  const to = Math.max(...sizes)
  return {
    label: 'K, persons in the gallery',
    scale: 'log',
    from,
    to: to > from ? to : from * 10,
    ticks: SIZES.map((text, power) => ({ value: 10 ** power, text })).filter(
      ({ value }) => value >= from && value <= Math.max(to, from * 10),
    ),
  }
}

function smallestPositive(values: readonly number[]): number {
  return values.reduce((least, value) => (value > 0 && value < least ? value : least), Infinity)
}

/**
 * Detection error trade-off on probit axes (Martin et al., Eurospeech 1997).
 * @param curves each with its points, as `detPoints(scores, 1.02)` makes them
 * @param names of the plot and of the two rates, where they are not a comparison's
 */
export function drawDet(
  curves: readonly { readonly label: string; readonly points: readonly OperatingPoint[] }[],
  subtitle?: string,
  names = {
    title: 'Detection error trade-off',
    x: 'False match rate',
    y: 'False non-match rate',
  },
): string {
  const rates = curves.flatMap(({ points }) => points.flatMap(({ fmr, fnmr }) => [fmr, fnmr]))
  const lowest = smallestPositive(rates)
  const from = Math.min(1e-3, Math.max(1e-7, 10 ** Math.floor(Math.log10(lowest))))
  return drawPlot({
    title: names.title,
    ...(subtitle === undefined ? {} : { subtitle }),
    x: rateAxis(names.x, 'probit', from, 0.4),
    y: rateAxis(names.y, 'probit', Math.max(from, 1e-4), 0.4),
    series: curves.map(({ label, points }) => ({
      label,
      points: points
        .filter(({ fmr, fnmr }) => fmr > 0 && fnmr > 0)
        .map(({ fmr, fnmr }) => ({ x: fmr, y: fnmr })),
    })),
  })
}

/** Threshold by gallery size, with the measured or expected cost for enrolled people. */
export function drawThresholds(
  rows: readonly { readonly persons: number; readonly threshold: number }[],
  subtitle?: string,
): string {
  const top = Math.ceil(Math.max(...rows.map(({ threshold }) => threshold)) * 5) / 5 + 0.2
  const ticks = Array.from({ length: Math.round(top * 5) + 1 }, (_, i) => i / 5)
  return drawPlot({
    title: 'Threshold by gallery size',
    ...(subtitle === undefined ? {} : { subtitle }),
    x: sizeAxis(rows.map(({ persons }) => persons)),
    y: {
      label: 'τ, squared L2 distance',
      scale: 'linear',
      from: 0,
      to: top,
      ticks: ticks.map((value) => ({ value, text: value.toFixed(1) })),
    },
    series: [
      {
        label: 'τ(K)',
        points: rows.map(({ persons, threshold }) => ({ x: persons, y: threshold })),
      },
    ],
  })
}

/** A rate with its interval at a gallery size. */
export interface RateAtSize {
  readonly persons: number
  readonly rate: number
  readonly low: number
  readonly high: number
}

/**
 * Rates by gallery size, expected as curves with bands, observed as dots with theirs.
 * @param rates e.g. "expected FPIR", "observed FPIR"; a rate of 0 is drawn at the lower edge
 */
export function drawRatesBySize(
  rates: readonly {
    readonly label: string
    readonly kind: 'expected' | 'observed'
    readonly rows: readonly RateAtSize[]
  }[],
  options: { readonly title: string; readonly subtitle?: string; readonly target?: number },
): string {
  const all = rates.flatMap(({ rows }) => rows)
  const lowest = smallestPositive([1e-2, ...all.map(({ rate }) => rate), options.target ?? 1])
  const highest = Math.max(...all.map(({ high }) => high), options.target ?? 0)
  return drawPlot({
    title: options.title,
    ...(options.subtitle === undefined ? {} : { subtitle: options.subtitle }),
    x: sizeAxis(all.map(({ persons }) => persons)),
    y: rateAxis(
      'Rate',
      'log',
      Math.max(1e-6, 10 ** Math.floor(Math.log10(lowest) - 0.3)),
      Math.min(1, 10 ** Math.ceil(Math.log10(highest))),
    ),
    series: rates.map(({ label, kind, rows }) => ({
      label,
      points: rows.map(({ persons, rate }) => ({ x: persons, y: rate })),
      band: rows.map(({ persons, low, high }) => ({ x: persons, low, high })),
      style: kind === 'observed' ? 'dots' : 'line',
    })),
    ...(options.target === undefined
      ? {}
      : { marks: [{ axis: 'y' as const, value: options.target, text: 'target' }] }),
  })
}
