import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import t from 'tap'
import { MASK_RULE } from '../../src/liveness/mask.js'
import {
  adviceOn,
  calibratedRules,
  fitPadCalibration,
  readPadCalibration,
  SAFE_LIMITS,
} from '../../src/liveness/pad-calibration.js'
import { TEXTURE_RULE } from '../../src/liveness/texture.js'

const nets = { textureModel: 'net', maskNet: 'a'.repeat(64) }
const about = { ...nets, source: 'a test' }
const steady = (value: number) => new Array<number>(60).fill(value)

t.test('a camera that gives good scores leaves the shipped thresholds', (t) => {
  const fitted = fitPadCalibration(
    { texture: steady(1), bezel: steady(0.5), mask: steady(1) },
    about,
  )
  t.equal(calibratedRules(fitted).texture.liveFrom, TEXTURE_RULE.liveFrom)
  t.ok(calibratedRules(fitted).bezel.attackBelow > 0, 'edges may refuse where the scene has none')
  t.equal(calibratedRules(undefined).bezel.attackBelow, 0)
  t.same(calibratedRules(fitted).mask, MASK_RULE, 'bare faces score well')
  t.end()
})

t.test('a scene with straight edges of its own gives them no veto', (t) => {
  const bezel = [...steady(0.5), ...steady(0.02)]
  const fitted = fitPadCalibration({ texture: steady(0.5), bezel, mask: steady(1) }, about)
  t.equal(fitted.bezel.attackBelow, 0)
  t.equal(fitted.texture.liveFrom, 0.3)
  t.end()
})

t.test('a camera before which bare faces look like masks lowers the veto', (t) => {
  const mask = [...steady(1), ...steady(0.3)]
  const fitted = fitPadCalibration({ texture: steady(1), bezel: [], mask }, about)
  t.equal(calibratedRules(fitted).mask.attackBelow, 0.6 * 0.3)
  const unseen = fitPadCalibration({ texture: steady(1), bezel: [], mask: [] }, about)
  t.same(calibratedRules(unseen).mask, MASK_RULE, 'where nothing was scored it stays')
  t.end()
})

t.test('whatever a camera shows, thresholds stay within the safe limits', (t) => {
  const scores = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), {
    minLength: 30,
    maxLength: 80,
  })
  const [lowest, highest] = SAFE_LIMITS.textureLiveFrom
  fc.assert(
    fc.property(scores, scores, scores, (texture, bezel, mask) => {
      const rules = calibratedRules(fitPadCalibration({ texture, bezel, mask }, about))
      const { liveFrom, attackBelow } = rules.texture
      const [least, most] = SAFE_LIMITS.maskAttackBelow
      return (
        liveFrom >= lowest &&
        liveFrom <= highest &&
        attackBelow < liveFrom &&
        rules.mask.attackBelow >= least &&
        rules.mask.attackBelow <= most
      )
    }),
  )
  t.throws(() => fitPadCalibration({ texture: [1], bezel: [], mask: [] }, about), /1 frames only/)
  t.end()
})

t.test('only a sound file of the same model is taken', (t) => {
  const path = join(t.testdir({}), 'pad.json')
  const good = fitPadCalibration({ texture: steady(0.5), bezel: [], mask: [] }, about)
  const reading = (content: unknown, of: Partial<typeof nets> = {}) => {
    writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content))
    return () => readPadCalibration(path, { ...nets, ...of })
  }
  t.same(reading(good)(), good)
  t.equal(adviceOn(good), undefined)
  t.throws(reading(good, { textureModel: 'other' }), /made for net, not other/)
  t.throws(reading({ ...good, texture: { liveFrom: 0.01 } }), /liveFrom/)
  t.throws(reading({ ...good, bezel: { attackBelow: 0.9 } }), /attackBelow/)
  t.throws(reading({ ...good, mask: { attackBelow: 0.9 } }), /attackBelow/)
  t.throws(reading({ ...good, extra: 1 }), /calibrate pad/)
  t.throws(reading('{'), /cannot be read/)
  t.throws(() => readPadCalibration(`${path}.missing`, nets), /cannot be read/)
  t.end()
})

t.test('what was calibrated of another net against masks does not hold', (t) => {
  const path = join(t.testdir({}), 'pad.json')
  const lowered = fitPadCalibration({ texture: steady(0.5), bezel: [], mask: steady(0.1) }, about)
  t.ok(calibratedRules(lowered).mask.attackBelow < MASK_RULE.attackBelow)
  const [{ attackBelow }, maskNet] = [lowered.mask ?? { attackBelow: NaN }, 'b'.repeat(64)]
  for (const [why, content, of] of [
    ['another net', lowered, { ...nets, maskNet }],
    ['a file that names none', { ...lowered, mask: { attackBelow } }, nets],
    ['a file from before the cue', { ...lowered, mask: undefined }, nets],
  ] as const) {
    writeFileSync(path, JSON.stringify(content))
    const read = readPadCalibration(path, of)
    t.same(calibratedRules(read).mask, MASK_RULE, why)
    t.equal(calibratedRules(read).texture.liveFrom, lowered.texture.liveFrom, 'the rest holds')
    t.match(adviceOn(read), /not of this net against masks/)
  }
  t.end()
})
