import fc from 'fast-check'
import t from 'tap'
import { areaUnderCurve } from '../../../src/evaluation/statistics/area-under-curve.js'

t.test('the area is the share of pairs in the right order', (t) => {
  t.equal(areaUnderCurve([3, 4], [1, 2]).auc, 1)
  t.equal(areaUnderCurve([1, 2], [3, 4]).auc, 0)
  t.equal(areaUnderCurve([1, 3], [2, 4]).auc, 0.25)
  t.equal(areaUnderCurve([1], [1]).auc, 0.5, 'a tie counts half')
  t.end()
})

t.test('the interval holds the area, is wide for few items and narrows with more', (t) => {
  const perfect = areaUnderCurve([5, 6, 7, 8, 9, 10], [1, 2, 3, 4])
  t.ok(perfect.ci95.low < 0.75, 'six against four perfect clips prove little')
  t.equal(Math.round(perfect.ci95.high * 1e6), 1e6)
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 1, maxLength: 30 }),
      fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 1, maxLength: 30 }),
      (a, b) => {
        const { auc, ci95 } = areaUnderCurve(a, b)
        const wider = areaUnderCurve([...a, ...a, ...a, ...a], [...b, ...b, ...b, ...b]).ci95
        return (
          ci95.low <= auc + 1e-9 &&
          ci95.high >= auc - 1e-9 &&
          wider.high - wider.low <= ci95.high - ci95.low + 1e-6
        )
      },
    ),
  )
  t.throws(() => areaUnderCurve([], [1]), RangeError)
  t.throws(() => areaUnderCurve([NaN], [1]), RangeError)
  t.end()
})
