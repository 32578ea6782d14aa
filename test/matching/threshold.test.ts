import t from 'tap'
import { calibrationSchema, type Calibration } from '../../src/matching/calibration.js'
import { createThresholds } from '../../src/matching/threshold.js'

const MODEL_FILE = { id: 'encoder', sha256: '0'.repeat(64) }
const TAIL = { rate: 0.001, scale: 0.07, shape: 0, mislabelledRate: 1e-6 }

/** FMR(d) = 0.001 · exp(−(1.3 − d)/0.07) below 1.3, its upper bound twice that. */
function calibrationWith(changes: Partial<Calibration['fmr']> = {}): Calibration {
  return calibrationSchema.parse({
    format: 'genkan-calibration/1',
    model: MODEL_FILE,
    data: {
      description: 'made up for the arithmetic',
      persons: 2000,
      personsWithSeveralPictures: 400,
      pictures: 3000,
      genuinePairs: 3000,
      impostorPairs: 4_000_000,
    },
    fmr: {
      curve: [
        { thresholdSq: 1.3, rate: 0.001, low: 0.0008, high: 0.002 },
        { thresholdSq: 1.6, rate: 0.1, low: 0.09, high: 0.11 },
        { thresholdSq: 4, rate: 1, low: 1, high: 1 },
      ],
      tailStartSq: 1.3,
      tailPairs: 4000,
      tail: TAIL,
      tailReplicates: Array.from({ length: 100 }, () => ({ ...TAIL, rate: 0.002 })),
      suspectPairs: 4,
      effectivePairs: 1_000_000,
      ...changes,
    },
    fnmr: {
      curve: [
        { thresholdSq: 0, rate: 0, low: 0, high: 0 },
        { thresholdSq: 1, rate: 0.9, low: 0.85, high: 0.95 },
        { thresholdSq: 2, rate: 1, low: 1, high: 1 },
        { thresholdSq: 4, rate: 1, low: 1, high: 1 },
      ],
    },
    gaps: {
      galleryPersons: 2000,
      trials: 900,
      quantiles: [
        { share: 0, gapSq: 0.01 },
        { share: 0.005, gapSq: 0.08 },
        { share: 0.1, gapSq: 0.4 },
        { share: 1, gapSq: 1.2 },
      ],
    },
    method: { seed: 1, resamples: 100, confidence: 0.95, tailShare: 0.001, notes: [] },
  } satisfies Calibration)
}

const thresholds = createThresholds(calibrationWith(), MODEL_FILE)

t.test('τ(K) keeps the upper bound at the target', (t) => {
  for (const persons of [10, 100, 1000, 100_000]) {
    const advice = thresholds.forIdentification({ persons })
    const targetFmr = 1 - (1 - 0.001) ** (1 / persons)
    t.ok(Math.abs(advice.targetFmr / targetFmr - 1) < 1e-6)
    const threshold = 1.3 + 0.07 * Math.log(targetFmr / 0.002)
    t.ok(Math.abs(advice.threshold - threshold) < 1e-6, `τ(${persons}) = ${advice.threshold}`)
    t.ok(Math.abs(advice.expectedFpir.high - 0.001) < 1e-8)
    t.ok(Math.abs(advice.expectedFpir.estimate - 0.0005) < 1e-6)
    const fnir = 1 - 0.9 * advice.threshold
    t.ok(Math.abs(advice.expectedFnir.estimate - fnir) < 1e-9 || advice.threshold > 1)
    t.equal(advice.source, 'calibration')
  }
  t.end()
})

t.test('a growing gallery, more templates or a stricter target tighten the threshold', (t) => {
  let last = Infinity
  for (const persons of [0, 2, 5, 50, 500, 5000, 1_000_000]) {
    const { threshold } = thresholds.forIdentification({ persons })
    t.ok(threshold < last)
    last = threshold
  }
  const one = thresholds.forIdentification({ persons: 100 })
  const three = thresholds.forIdentification({ persons: 100, templates: 300 })
  t.equal(three.persons, 100)
  t.equal(three.threshold, thresholds.forIdentification({ persons: 300 }).threshold)
  t.ok(three.threshold < one.threshold)
  const strict = thresholds.forIdentification({ persons: 100 }, { targetFpir: 0.0001 })
  t.ok(strict.threshold < one.threshold)
  t.end()
})

t.test('verification has a threshold of its own, that of one comparison', (t) => {
  const advice = thresholds.forVerification()
  t.equal(advice.threshold, thresholds.forIdentification({ persons: 1 }).threshold)
  t.ok(advice.threshold > thresholds.forIdentification({ persons: 100 }).threshold)
  t.ok(thresholds.forVerification({ targetFmr: 1e-5 }).threshold < advice.threshold)
  t.end()
})

t.test('it says when the trials do not carry the target', (t) => {
  const few = thresholds.forIdentification({ persons: 1000 })
  t.equal(few.trials, 1000)
  t.equal(few.trialsNeeded, 3688)
  t.notOk(few.supported)
  t.match(few.reasons[0], /3688 clean ones/)
  const enough = thresholds.forIdentification({ persons: 200 })
  t.equal(enough.trials, 5000)
  t.ok(enough.supported)
  t.notOk(thresholds.forIdentification({ persons: 200 }, { targetFpir: 0.0001 }).supported)
  t.end()
})

t.test('it says what the suspect pairs would cost', (t) => {
  const advice = thresholds.forIdentification({ persons: 10_000 })
  t.ok(advice.fpirIfLabelsAreRight > 0.001)
  t.match(advice.reasons.join(), /4 pairs .* one person under two names/)
  t.end()
})

t.test('where no distance keeps the target, nobody is recognised', (t) => {
  const heavy = { rate: 0.002, scale: 0.5, shape: 2, mislabelledRate: 0 }
  const { fmr } = calibrationWith()
  const made = calibrationWith({ tailReplicates: fmr.tailReplicates.map(() => heavy) })
  const advice = createThresholds(made, MODEL_FILE).forIdentification({ persons: 1_000_000 })
  t.equal(advice.threshold, 0)
  t.notOk(advice.supported)
  t.match(advice.reasons.join(), /nobody will be recognised/)
  t.end()
})

t.test('the margin costs at most one right answer in 200', (t) => {
  t.equal(thresholds.forIdentification({ persons: 100 }).margin, 0.08)
  t.end()
})

t.test('a door may override, and is told what that does', (t) => {
  const strict = thresholds.forIdentification({ persons: 100 }, { override: { threshold: 0.5 } })
  t.equal(strict.threshold, 0.5)
  t.equal(strict.source, 'override')
  t.ok(strict.supported, 'a stricter door needs no more trials')
  const loose = thresholds.forIdentification(
    { persons: 100 },
    { override: { threshold: 1.25, margin: 0 } },
  )
  t.equal(loose.margin, 0)
  t.notOk(loose.supported)
  t.match(loose.reasons.join(), /set by hand/)
  t.ok(loose.expectedFpir.estimate > 0.01)
  t.end()
})

t.test('what makes no sense is an error', (t) => {
  for (const threshold of [NaN, -1, 5]) {
    const override = { threshold }
    t.throws(() => thresholds.forIdentification({ persons: 5 }, { override }), RangeError)
  }
  const override = { margin: -0.1 }
  t.throws(() => thresholds.forIdentification({ persons: 5 }, { override }), RangeError)
  for (const targetFpir of [0, NaN, 1, -0.001]) {
    t.throws(() => thresholds.forIdentification({ persons: 5 }, { targetFpir }), RangeError)
  }
  for (const persons of [-1, 1.5, NaN]) {
    t.throws(() => thresholds.forIdentification({ persons }), RangeError)
  }
  t.throws(() => thresholds.forIdentification({ persons: 5, templates: 4 }), RangeError)
  t.end()
})
