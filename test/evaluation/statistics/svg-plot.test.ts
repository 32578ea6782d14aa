import sharp from 'sharp'
import t from 'tap'
import {
  drawDet,
  drawRatesBySize,
  drawThresholds,
} from '../../../src/evaluation/statistics/rate-plots.js'
import { drawPlot, type Plot } from '../../../src/evaluation/statistics/svg-plot.js'

const plot: Plot = {
  title: 'Ohm & <Volt>',
  x: { label: 'x', scale: 'log', from: 1, to: 1000, ticks: [{ value: 10, text: 'ten' }] },
  y: { label: 'y', scale: 'linear', from: 0, to: 2, ticks: [{ value: 1, text: 'one' }] },
  series: [
    {
      label: 'curve',
      points: [
        { x: 1, y: 0 },
        { x: 1000, y: 2 },
        { x: 1e9, y: 99 },
      ],
    },
  ],
}

t.test('curves lie where the scales put them', (t) => {
  const svg = drawPlot(plot)
  t.match(svg, 'Ohm &amp; &lt;Volt&gt;', 'text is escaped')
  t.match(svg, '>ten</text>')
  const points = /<polyline points="([^"]+)"/.exec(svg)?.[1].split(' ') ?? []
  t.equal(points.length, 3)
  t.equal(points[2], points[1], 'what lies outside is drawn at the edge')
  const tick = /<line x1="([\d.]+)" y1="74"/.exec(svg)?.[1]
  const [left] = points[0].split(',').map(Number)
  const [right] = points[1].split(',').map(Number)
  t.ok(Math.abs(Number(tick) - (left + (right - left) / 3)) < 0.02, '10 is a third of 1…1000')
  t.end()
})

t.test('an impossible axis is refused', (t) => {
  t.throws(() => drawPlot({ ...plot, x: { ...plot.x, from: 0 } }), RangeError)
  t.throws(() => drawPlot({ ...plot, y: { ...plot.y, to: 0 } }), RangeError)
  t.throws(() => drawPlot({ ...plot, series: [] }), RangeError)
  t.end()
})

t.test('the drawings are pictures that a renderer accepts', async (t) => {
  const rows = [1, 10, 1000].map((persons) => ({ persons, rate: 0, low: 0, high: 0.004 }))
  const drawings = [
    drawDet([
      {
        label: 'encoder',
        points: [
          { threshold: 0, fmr: 0, fnmr: 1 },
          { threshold: 1, fmr: 1e-5, fnmr: 0.1 },
          { threshold: 1.4, fmr: 0.01, fnmr: 0.002 },
        ],
      },
    ]),
    drawThresholds(rows.map(({ persons }) => ({ persons, threshold: 1.2 }))),
    drawRatesBySize([{ label: 'observed FPIR', kind: 'observed', rows }], {
      title: 'FPIR by gallery size',
      target: 0.001,
    }),
  ]
  for (const svg of drawings) {
    t.notMatch(svg, /NaN|Infinity|undefined/)
    const { data, info } = await sharp(Buffer.from(svg)).raw().toBuffer({ resolveWithObject: true })
    t.ok(info.width >= 700)
    t.ok(new Set(data).size > 20, 'something is drawn')
  }
})
