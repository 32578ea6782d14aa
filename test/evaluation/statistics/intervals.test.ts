import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import {
  betaCdf,
  betaQuantile,
  logGamma,
} from '../../../src/evaluation/statistics/beta-distribution.js'
import {
  clopperPearson,
  trialsToSupport,
} from '../../../src/evaluation/statistics/binomial-interval.js'
import {
  bootstrapByPerson,
  quantileOfSorted,
} from '../../../src/evaluation/statistics/bootstrap.js'
import { normalQuantile } from '../../../src/evaluation/statistics/normal-quantile.js'
import { createSeededRandom, shuffle } from '../../../src/evaluation/statistics/random.js'

function near(
  t: { ok(is: boolean, why: string): unknown },
  got: number,
  want: number,
  relative = 1e-9,
): void {
  t.ok(Math.abs(got - want) <= relative * Math.abs(want), `${got} is about ${want}`)
}

t.test('beta distribution agrees with tabulated values', (t) => {
  near(t, logGamma(0.5), Math.log(Math.sqrt(Math.PI)))
  near(t, logGamma(171), 706.5730622457874)
  near(t, betaCdf(0.4, 2, 3), 0.5248)
  near(t, betaCdf(0.1, 0.5, 0.5), 0.20483276469913345)
  near(t, betaCdf(0.26, 1000, 3000), 0.9270239566004947)
  near(t, betaCdf(1e-6, 1, 1e6), 0.632120742768355, 1e-8)
  near(t, betaQuantile(0.025, 3, 98), 0.006229971538306395)
  near(t, betaQuantile(0.975, 0.5, 2), 0.7533583746206303)
  t.throws(() => betaCdf(0.5, 0, 1), RangeError)
  t.throws(() => betaQuantile(NaN, 1, 1), RangeError)
  t.end()
})

t.test('the beta quantile undoes the distribution', (t) => {
  fc.assert(
    fc.property(
      fc.double({ min: 0.001, max: 0.999, noNaN: true }),
      fc.double({ min: 0.5, max: 5000, noNaN: true }),
      fc.double({ min: 0.5, max: 5000, noNaN: true }),
      (p, a, b) => {
        assert.ok(Math.abs(betaCdf(betaQuantile(p, a, b), a, b) - p) < 1e-8)
      },
    ),
  )
  t.pass('holds for all that was tried')
  t.end()
})

t.test('Clopper–Pearson agrees with tabulated intervals', (t) => {
  const cases = [
    [3, 1000, 0.0006190999316495715, 0.008742023238478303],
    [5, 10, 0.18708602844739855, 0.8129139715526015],
    [1000, 1_000_000, 0.0009390012079500965, 0.001063918107315228],
  ]
  for (const [events, trials, low, high] of cases) {
    const interval = clopperPearson(events, trials)
    near(t, interval.low, low, 1e-7)
    near(t, interval.high, high, 1e-7)
  }
  t.equal(clopperPearson(0, 3688).low, 0)
  near(t, clopperPearson(0, 3688).high, 0.0009997383919489366)
  near(t, clopperPearson(10, 10).low, 0.6915028921812392)
  t.equal(clopperPearson(10, 10).high, 1)
  t.strictSame(clopperPearson(0, 0), { low: 0, high: 1 }, 'nothing tried, nothing known')
  for (const [events, trials] of [
    [-1, 5],
    [6, 5],
    [0.5, 5],
    [NaN, 5],
  ]) {
    t.throws(() => clopperPearson(events, trials), RangeError)
  }
  t.end()
})

t.test('Clopper–Pearson covers the true rate at least as often as it says', (t) => {
  const random = createSeededRandom(1)
  const trials = 200
  for (const rate of [0.005, 0.1]) {
    const intervals = Array.from({ length: trials + 1 }, (_, k) => clopperPearson(k, trials))
    let covered = 0
    for (let run = 0; run < 3000; run++) {
      let events = 0
      for (let i = 0; i < trials; i++) if (random() < rate) events++
      const { low, high } = intervals[events]
      if (low <= rate && rate <= high) covered++
    }
    t.ok(covered / 3000 > 0.945, `${covered} of 3000 at ${rate}`)
  }
  t.end()
})

t.test('0.1 % takes 3,688 clean trials', (t) => {
  t.equal(trialsToSupport(0.001), 3688)
  t.ok(clopperPearson(0, 3688).high <= 0.001)
  t.ok(clopperPearson(0, 3687).high > 0.001)
  t.end()
})

t.test('bootstrap by person: repeatable, and wider than pictures alone would say', (t) => {
  const random = createSeededRandom(2)
  const people = Array.from({ length: 60 }, () => ({
    value: random() < 0.5 ? 1 : 0,
    pictures: 1 + Math.floor(random() * 30),
  }))
  const statistic = (weights: Uint8Array): number => {
    let sum = 0
    let total = 0
    people.forEach(({ value, pictures }, i) => {
      sum += weights[i] * pictures * value
      total += weights[i] * pictures
    })
    return sum / total
  }
  const interval = bootstrapByPerson(people.length, statistic, { seed: 3 })
  t.strictSame(interval, bootstrapByPerson(people.length, statistic, { seed: 3 }))
  const pictures = people.reduce((sum, person) => sum + person.pictures, 0)
  const asIfApart = clopperPearson(Math.round(pictures / 2), pictures)
  t.ok(interval.high - interval.low > 2 * (asIfApart.high - asIfApart.low))
  t.end()
})

t.test('quantiles lie between order statistics', (t) => {
  t.equal(quantileOfSorted([1, 2, 4], 0.5), 2)
  t.equal(quantileOfSorted([1, 2, 4], 0.75), 3)
  t.equal(quantileOfSorted([7], 0.1), 7)
  t.throws(() => quantileOfSorted([], 0.5), RangeError)
  t.end()
})

t.test('probit agrees with tabulated values', (t) => {
  near(t, normalQuantile(0.975), 1.959963984540054, 1e-8)
  near(t, normalQuantile(1e-6), -4.753424308822899, 1e-8)
  near(t, normalQuantile(0.3), -0.5244005127080407, 1e-8)
  t.ok(Math.abs(normalQuantile(0.5)) < 1e-12)
  t.equal(normalQuantile(0), -Infinity)
  t.end()
})

t.test('shuffling keeps every item, and the seed decides the order', (t) => {
  const once = shuffle([1, 2, 3, 4, 5, 6, 7], createSeededRandom(9))
  t.strictSame(once, shuffle([1, 2, 3, 4, 5, 6, 7], createSeededRandom(9)))
  t.strictSame([...once].sort(), [1, 2, 3, 4, 5, 6, 7])
  t.end()
})
