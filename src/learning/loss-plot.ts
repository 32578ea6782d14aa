import { drawPlot } from '../evaluation/statistics/svg-plot.js'
import type { TripletEpoch } from './triplet.js'

/** Loss and share of active triplets by epoch, as SVG. */
export function drawLossCurve(epochs: readonly TripletEpoch[], subtitle: string): string {
  const last = Math.max(2, epochs.length)
  const highest = Math.max(0.01, ...epochs.map(({ loss }) => loss))
  const round = (value: number) => Number(value.toPrecision(2)).toString()
  return drawPlot({
    title: 'Triplet loss by epoch',
    subtitle,
    x: {
      label: 'epoch',
      scale: 'linear',
      from: 1,
      to: last,
      ticks: [1, Math.ceil(last / 2), last].map((value) => ({ value, text: String(value) })),
    },
    y: {
      label: 'relative to the highest; active triplets as a share',
      scale: 'linear',
      from: 0,
      to: 1,
      ticks: [0, 0.25, 0.5, 0.75, 1].map((value) => ({ value, text: String(value) })),
    },
    series: [
      {
        label: `mean loss, 1 = ${round(highest)}`,
        points: epochs.map(({ epoch, loss }) => ({ x: epoch, y: loss / highest })),
      },
      {
        label: 'share of active triplets',
        style: 'dashed',
        points: epochs.map(({ epoch, activeShare }) => ({ x: epoch, y: activeShare })),
      },
    ],
  })
}
