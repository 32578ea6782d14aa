import t from 'tap'
import { createSeededRandom } from '../../src/evaluation/statistics/random.js'
import { loadNet } from '../../src/models/session.js'
import { openSideThread } from '../../src/models/side-thread.js'

const random = createSeededRandom(3)

function noiseFor(shape: readonly number[]): Float32Array {
  const size = shape.reduce((product, dimension) => product * dimension, 1)
  return Float32Array.from({ length: size }, () => 2 * random() - 1)
}

t.test('nets of the side thread answer to the bit as those of the caller’s', async (t) => {
  const side = openSideThread()
  t.teardown(() => side.close())
  for (const role of ['encoder', 'texture', 'detector', 'landmarks'] as const) {
    const here = await loadNet(role)
    const there = await side.load(role)
    t.equal(there.sha256, here.sha256)
    t.same(there.manifest, here.manifest)
    t.ok((await there.warm()) > 0)
    const inputs = Array.from({ length: 3 }, () => noiseFor(here.manifest.input.shape))
    const together = await Promise.all(inputs.map((input) => there.run(input)))
    for (const [i, input] of inputs.entries()) t.same(together[i], await here.run(input))
    t.same(await there.run(inputs[1]), together[1], 'a later run leaves what was given alone')
    if (here.manifest.input.batches) {
      const all = Float32Array.from(inputs.flatMap((input) => [...input]))
      t.same(await there.run(all), await here.run(all), 'several at once')
    }
    await here.release()
  }
})

t.test('its faults are those of a net', async (t) => {
  const side = openSideThread()
  t.teardown(() => side.close())
  await t.rejects(side.load('encoder', { model: 'fr_landmark' }), {
    name: 'ModelError',
    code: 'manifest-role',
    cure: /\w+/,
  })
  const net = await side.load('texture')
  await t.rejects(net.run(new Float32Array(3)), { name: 'ModelError', code: 'wrong-feed' })
  await t.rejects(net.run(noiseFor(net.manifest.input.shape).fill(NaN)), { code: 'not-finite' })
  t.equal((await net.run(noiseFor(net.manifest.input.shape))).logits.length, 3)
})

t.test('once the thread has ended nothing is answered, what is under way included', async (t) => {
  const side = openSideThread()
  const net = await side.load('encoder')
  const underWay = net.run(noiseFor(net.manifest.input.shape))
  const refused = t.rejects(underWay, { name: 'ModelError', code: 'run-failed', cure: /restart/ })
  await side.close()
  await refused
  await t.rejects(net.run(noiseFor(net.manifest.input.shape)), { code: 'run-failed' })
})
