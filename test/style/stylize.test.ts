import fc from 'fast-check'
import t from 'tap'
import { createImage } from '../../src/frame/image.js'
import { StyleError, type StyleRequest, type StyleStep } from '../../src/style/engine.js'
import { paintPattern } from '../../src/style/patterns.js'
import { stylize } from '../../src/style/stylize.js'

const style = paintPattern('waves', 96) ?? createImage(1, 1, new Uint8Array(3))
const content = paintPattern('mosaic', 64) ?? createImage(1, 1, new Uint8Array(3))
const settings = { sizePixels: 48, stepsPerLevel: 6 } as const
const request: StyleRequest = { content, style, settings }

void t.test('a run lowers J and gives a picture of the wanted size', async (t) => {
  const totals: number[] = []
  const result = await stylize(request, {
    threads: 1,
    onStep: (step) => {
      totals.push(step.costs.total)
      t.equal(step.preview().width, 48)
    },
  })
  t.equal(result.image.width, 48)
  t.equal(result.image.height, 48)
  t.equal(result.steps, totals.length)
  t.ok((totals.at(-1) ?? Infinity) < 0.8 * totals[0])
  const again = await stylize(request, { threads: 1 })
  t.same(again.image.data, result.image.data, 'the same again')
})

void t.test('a run resumed from a checkpoint ends as if it had not been stopped', async (t) => {
  const whole = await stylize(request, { threads: 1 })
  const stop = new AbortController()
  let kept: Uint8Array = new Uint8Array()
  const onStep = (step: StyleStep) => {
    if (step.step !== 3) return
    kept = step.checkpoint()
    stop.abort(new Error('stopped'))
  }
  await t.rejects(stylize(request, { threads: 1, onStep, signal: stop.signal }), {
    message: 'stopped',
  })
  const resumed = await stylize(request, { threads: 1, resumeFrom: kept })
  t.equal(resumed.steps, whole.steps)
  t.same(resumed.image.data, whole.image.data)

  const invalid = { name: 'StyleError', fault: 'checkpoint-invalid' }
  await t.test('and only by its own request', async (t) => {
    const other = { ...request, settings: { ...settings, beta: 7 } }
    await t.rejects(stylize(other, { resumeFrom: kept }), invalid)
    await fc.assert(
      fc.asyncProperty(fc.nat(kept.length - 1), async (length) => {
        const cut = kept.slice(0, length)
        await t.rejects(stylize(request, { resumeFrom: cut }), invalid)
      }),
      { numRuns: 20 },
    )
  })
})

void t.test('what cannot be done is refused with the reason', async (t) => {
  const dot = createImage(1, 1, new Uint8Array(3))
  const thread = createImage(2000, 16, new Uint8Array(96_000))
  const refused = async (bad: Partial<StyleRequest>, fault: StyleError['fault']) =>
    t.rejects(stylize({ ...request, ...bad }), { name: 'StyleError', fault })
  await refused({ content: dot }, 'picture-too-small')
  await refused({ style: dot }, 'picture-too-small')
  await refused({ content: thread }, 'picture-too-small')
  await refused({ settings: { sizePixels: 5000 } }, 'bad-settings')
  await refused({ settings: { alpha: -1 } }, 'bad-settings')
  await refused({ settings: { alpha: NaN } }, 'bad-settings')
  await refused({ settings: { alpha: 0, beta: 0 } }, 'bad-settings')
  await refused({ settings: { styleLayers: {} } }, 'bad-settings')
})

void t.test('pictures of one colour are no fault', async (t) => {
  const gray = createImage(40, 24, new Uint8Array(40 * 24 * 3).fill(90))
  for (const start of ['content', 'noise'] as const) {
    const result = await stylize({
      content: gray,
      style: gray,
      settings: { sizePixels: 40, stepsPerLevel: 2, start, colour: 'content-statistics' },
    })
    t.ok(Number.isFinite(result.costs.total))
  }
})
