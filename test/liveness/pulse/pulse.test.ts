import fc from 'fast-check'
import t from 'tap'
import { readClip } from '../../../src/capture/clip-reader.js'
import { configSchema } from '../../../src/config/schema.js'
import {
  evaluatePulseClip,
  paintPulse,
  repeatPicture,
} from '../../../src/liveness/pulse/evaluate-pulse.js'
import { assetPath } from '../../../src/models/registry.js'
import { loadStages } from '../../../src/stages.js'
import { createSeededRandom } from '../../../src/evaluation/statistics/random.js'
import {
  createPulseAccumulator,
  createPulseCue,
  PULSE_RULE,
} from '../../../src/liveness/pulse/pulse.js'
import { readPulse } from '../../../src/liveness/pulse/pulse-signal.js'
import type { SkinColour } from '../../../src/liveness/pulse/skin-colour.js'

interface Scene {
  readonly beatsPerMinute: number
  readonly amplitude: number
  readonly noise: number
  readonly seconds: number
  readonly framesPerSecond: number
  readonly light: number
}
const SCENE: Scene = {
  beatsPerMinute: 72,
  amplitude: 0.006,
  noise: 0.08,
  seconds: 10,
  framesPerSecond: 15,
  light: 0.03,
}

function* skins(scene: Scene, seed: number, extra: Partial<SkinColour> = {}) {
  const random = createSeededRandom(seed)
  for (let i = 0; i < scene.seconds * scene.framesPerSecond; i++) {
    const s = i / scene.framesPerSecond
    const beat = scene.amplitude * Math.sin((2 * Math.PI * scene.beatsPerMinute * s) / 60)
    // A lamp and a moving head change all channels alike.
    const shade = 1 + scene.light * Math.sin(2 * Math.PI * 1.9 * s)
    const channel = (level: number, share: number): number =>
      level * shade * (1 + beat * share) + scene.noise * (random() + random() - 1)
    const rgb = [channel(170, 0.43), channel(120, 1), channel(100, 0.69)] as const
    const skin = { pixels: 900, clippedShare: 0, centre: [160, 120], eyeDistancePx: 60 } as const
    yield { monotonicMs: s * 1000, skin: { ...skin, rgb, ...extra } }
  }
}

function evidenceOf(scene: Partial<Scene>, seed = 1, extra: Partial<SkinColour> = {}) {
  const pulse = createPulseAccumulator()
  for (const observation of skins({ ...SCENE, ...scene }, seed, extra)) pulse.observe(observation)
  return pulse.evidence()
}

t.test('a known rate is read under noise and a flickering lamp', (t) => {
  for (const beatsPerMinute of [50, 72, 95, 120, 160]) {
    const { reading } = evidenceOf({ beatsPerMinute }, beatsPerMinute)
    t.ok(reading && Math.abs(reading.beatsPerMinute - beatsPerMinute) <= 3, `${beatsPerMinute}`)
    t.ok(reading && reading.snrDb > 3, `clear at ${beatsPerMinute}: ${reading?.snrDb ?? NaN} dB`)
  }
  t.end()
})

t.test('without a pulse the ratio is low', (t) => {
  const ratios = Array.from({ length: 20 }, (_, i) => {
    return evidenceOf({ amplitude: 0 }, 100 + i).reading?.snrDb ?? 0
  })
  const clear = ratios.filter((snrDb) => snrDb > 3).length
  t.ok(clear <= 2, `${clear} of 20 noises look like a pulse`)
  t.end()
})

t.test('it abstains where it cannot see, and says why', (t) => {
  const reason = (...args: Parameters<typeof evidenceOf>) => evidenceOf(...args).reason
  t.match(reason({ seconds: 5 }), /too short/)
  t.match(reason({ framesPerSecond: 7 }), /too few frames/)
  t.match(reason({}, 1, { rgb: [30, 22, 20] }), /too dark/)
  t.match(reason({}, 1, { clippedShare: 0.5 }), /too bright/)
  t.match(reason({}, 1, { eyeDistancePx: PULSE_RULE.minEyeDistancePx - 1 }), /too small/)
  t.match(reason({}, 1, { rgb: [170, 120, 100] }), /does not change/)
  const moving = createPulseAccumulator()
  for (const { monotonicMs, skin } of skins(SCENE, 1)) {
    const centre = [160 + 40 * Math.sin(monotonicMs / 300), 120] as const
    moving.observe({ monotonicMs, skin: { ...skin, centre } })
  }
  t.match(moving.evidence().reason, /motion/)
  t.end()
})

t.test('a break, a restart or time that stands still leaves nothing to read', (t) => {
  const pulse = createPulseAccumulator()
  const all = [...skins(SCENE, 3)]
  for (const { monotonicMs, skin } of all) {
    pulse.observe({ monotonicMs: monotonicMs + (monotonicMs > 5000 ? 1000 : 0), skin })
  }
  t.equal(pulse.evidence().reading, undefined, 'a hole in the middle')
  for (const { skin } of all) pulse.observe({ monotonicMs: NaN, skin })
  for (const { skin } of all) pulse.observe({ monotonicMs: 20_000, skin })
  t.equal(pulse.evidence().reading, undefined)
  pulse.restart()
  t.match(pulse.evidence(), { reading: undefined, reason: /too short/ })
  t.end()
})

t.test('hostile colours and times never throw and never give a score outside 0..1', (t) => {
  const number = fc.oneof(fc.double(), fc.double({ min: 0, max: 255, noNaN: true }))
  const observation = fc.record({
    stepMs: fc.oneof(fc.double(), fc.constant(66), fc.constant(0)),
    rgb: fc.tuple(number, number, number),
    centre: fc.tuple(number, number),
    eyeDistancePx: number,
    clippedShare: number,
  })
  fc.assert(
    fc.property(fc.array(observation, { maxLength: 160 }), (observations) => {
      const pulse = createPulseAccumulator({ ...PULSE_RULE, minMs: 1500, minEyeDistancePx: 0 })
      let monotonicMs = 0
      for (const { stepMs, ...skin } of observations) {
        monotonicMs += stepMs
        pulse.observe({ monotonicMs, skin: { pixels: 1, ...skin } })
      }
      const { reading } = pulse.evidence()
      return reading === undefined || (reading.beatsPerMinute >= 42 && !Number.isNaN(reading.snrDb))
    }),
    { numRuns: 60 },
  )
  t.end()
})

t.test(
  'a pulse painted onto a real frame with clipped skin is found; without it there is none',
  async (t) => {
    const stages = await loadStages(configSchema.parse({}).models)
    const clip = readClip(assetPath('franck.mp4'), { framesPerSecond: 1, durationS: 1 })
    const first = await clip.next()
    if (first.done === true) throw new Error('franck.mp4 holds no frame')
    await clip.return(undefined)
    const { image } = first.value
    const show = (amplitude: number) => {
      const pulse = { beatsPerMinute: 80, amplitude, noise: 2, seed: 5 }
      return evaluatePulseClip(
        'painted',
        paintPulse(repeatPicture(image, 8, 12), pulse, stages),
        stages,
      )
    }
    const [beating, still] = [await show(0.01), await show(0)]
    t.ok(Math.abs((beating.medianRate ?? 0) - 80) <= 4, `rate ${beating.medianRate ?? NaN}`)
    t.ok(beating.snrDb && still.snrDb && beating.snrDb[1] > still.snrDb[1] + 3, 'far above noise')
    for (const net of Object.values(stages.nets)) await net.release()
  },
)

t.test('the cue only ever gives evidence', (t) => {
  const cue = createPulseCue()
  t.match(cue.outcome(), { verdict: 'not-enough-evidence', score: null })
  t.equal(cue.name, 'pulse')
  t.equal(
    readPulse(
      [...skins(SCENE, 1)].map(({ monotonicMs, skin }) => ({ monotonicMs, rgb: skin.rgb })),
    )?.beatsPerMinute.toFixed(0),
    '72',
  )
  t.end()
})
