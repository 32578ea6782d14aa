import t from 'tap'
import { robustSlopeOf } from '../../src/evaluation/quantiles.js'

t.test('the slope of a line, whatever a few outliers say', (t) => {
  const line = Array.from({ length: 50 }, (_, x) => ({ x, y: 3 * x + 7 }))
  t.ok(Math.abs(robustSlopeOf(line) - 3) < 1e-9)
  const spiked = line.map((point, index) => (index % 10 === 0 ? { x: point.x, y: 500 } : point))
  t.ok(Math.abs(robustSlopeOf(spiked) - 3) < 0.2)
  t.equal(robustSlopeOf(line.map(({ x }) => ({ x, y: 5 }))), 0)
  t.ok(Number.isNaN(robustSlopeOf(line.slice(0, 1))))
  t.end()
})
