import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

import sharp from 'sharp'
import t from 'tap'

import type { Image } from '../../../src/frame/image.js'
import { openRunner } from '../../../src/models/onnx/infer.js'
import { removeUnused } from '../../../src/models/onnx/edit.js'
import { assetPath } from '../../../src/models/registry.js'
import { contactSheet } from '../../../src/style/see/contact-sheet.js'
import { keepStrongest, strongestPatches } from '../../../src/style/see/find-patches.js'
import { layerOf, readSeeableNet, see } from '../../../src/style/see/network.js'

const CLI = fileURLToPath(new URL('../../../src/cli.js', import.meta.url))

/** Whether changes just outside and at the edges of its field change a unit in the middle. */
async function changesOf(model: string, layerName: string, axis: 'x' | 'y') {
  const net = readSeeableNet(model)
  const layer = layerOf(net, layerName, 0)
  const { graph } = net.model
  const [input] = graph.inputs
  const [, channels, height, width] = input.dims.map(Number)
  const outputs = [{ name: layer.value, type: 'float32' as const, dims: ['n', 'c', 'h', 'w'] }]
  const runner = await openRunner({ ...net.model, graph: removeUnused({ ...graph, outputs }) })
  const first = Float32Array.from({ length: channels * height * width }, (_, at) =>
    Math.sin(at * 12.9898),
  )

  async function middle(values: Float32Array) {
    const result = (await runner.run(values)).get(layer.value)
    if (result === undefined) throw new Error('no result')
    const [, units, rows, columns] = result.dims
    const [x, y] = [Math.floor(columns / 2), Math.floor(rows / 2)]
    const at = (unit: number) => result.values[(unit * rows + y) * columns + x]
    return { index: axis === 'x' ? x : y, values: Array.from({ length: units }, (_, i) => at(i)) }
  }

  const before = await middle(first)
  const size = axis === 'x' ? width : height

  /** Whether a stripe at that position changes any unit. */
  async function sees(position: number): Promise<boolean> {
    const changed = Float32Array.from(first)
    for (let c = 0; c < channels; c++) {
      for (let along = 0; along < (axis === 'x' ? height : width); along++) {
        const [row, column] = axis === 'x' ? [along, position] : [position, along]
        changed[(c * height + row) * width + column] += 3
      }
    }
    const after = await middle(changed)
    return after.values.some((value, unit) => value !== before.values[unit])
  }

  const reach = layer.field[axis]
  const low = reach.step * before.index + reach.low
  const high = reach.step * before.index + reach.high
  const inside = (position: number) => position >= 0 && position < size
  const outside: boolean[] = []
  const edges: boolean[] = []
  for (const position of [low - 1, high + 1].filter(inside)) outside.push(await sees(position))
  for (const position of [low, high].filter(inside)) edges.push(await sees(position))
  await runner.release()
  return { outside, edges }
}

for (const [model, layer] of [
  ['fr_feature', 'prelu1'],
  ['fr_feature', 'prelu6'],
  ['inception-style', 'conv1'],
  ['inception-style', 'conv4'],
  ['inception-style', 'mixed0'],
] as const) {
  t.test(`a unit of ${model} ${layer} sees its field to the edge, and no pixel more`, async (t) => {
    for (const axis of ['x', 'y'] as const) {
      const { outside, edges } = await changesOf(model, layer, axis)
      t.ok(outside.length + edges.length >= 2, 'there is something to try')
      t.notOk(outside.includes(true), `${axis}: nothing outside`)
      t.notOk(edges.includes(false), `${axis}: the edges`)
    }
  })
}

t.test('the strongest places of a layer, each once, cut out where they look', (t) => {
  const view = { width: 16, height: 16, data: Uint8Array.from({ length: 768 }, (_, i) => i % 251) }
  const values = new Float32Array(2 * 64)
  values[64 + 9] = 5
  values[64 + 10] = 4.9
  values[64 + 63] = 3
  values[0] = 100
  const reach = { step: 2, low: -3, high: 4 }
  const field = { channels: 2, x: reach, y: reach, isQuantized: false }
  const found = strongestPatches({ width: 8, height: 8, values }, field, 1, view, 7, 9)
  t.match(found, [
    { picture: 7, activation: 5, image: { width: 7, height: 7 } },
    { picture: 7, activation: 3, image: { width: 5, height: 5 } },
  ])
  t.equal(found[0]?.image.data[0], view.data[0], 'cut off at the edge of the picture')
  t.equal(keepStrongest([...found, ...found], 1).length, 1)
  t.end()
})

t.test('a contact sheet has room for nine of any shape', (t) => {
  const tile = (width: number, height: number) => ({
    width,
    height,
    data: new Uint8Array(width * height * 3),
  })
  for (const tiles of [[], [tile(1, 1)], Array.from({ length: 12 }, () => tile(300, 7))]) {
    t.match(contactSheet(tiles), { width: 512, height: 512 })
  }
  t.end()
})

t.test('layers and units that are not there are named with those that are', (t) => {
  const net = readSeeableNet('fr_feature')
  t.throws(() => layerOf(net, 'nonsense', 0), /choose one of .*prelu1/)
  t.throws(() => layerOf(net, 'prelu1', 64), /units 0 to 63/)
  t.throws(() => readSeeableNet('fr_detect'), /detector/)
  t.end()
})

t.test('the face encoder, as shipped in int8, is shown aligned faces', async (t) => {
  const { data, info } = await sharp(assetPath('sample1.jpg'))
    .removeAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true })
  async function* pictures(): AsyncIterable<Image | undefined> {
    const picture = { width: info.width, height: info.height, data }
    yield await Promise.resolve(picture)
    yield undefined
  }
  async function* none(): AsyncIterable<Image | undefined> {
    const nothing: Image | undefined = await Promise.resolve<Image | undefined>(undefined)
    yield nothing
  }
  const net = readSeeableNet('mobilefacenet-128-pca-int8')
  const name = net.layers[10]?.name ?? ''
  const sight = await see(net, name, 3, pictures())
  t.ok(sight.views >= 1)
  t.equal(sight.pictures, 2)
  t.ok(sight.patches.length > 0)
  await t.rejects(see(net, name, 3, none()), /no face was found/)
})

t.test('genkan see writes the sheet of a folder, and passes over what is no picture', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'genkan-see-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const small = await sharp(assetPath('joconde.jpg')).resize(200).jpeg().toBuffer()
  writeFileSync(join(folder, 'one.jpg'), small)
  writeFileSync(join(folder, 'bad.png'), 'no picture')
  writeFileSync(join(folder, 'notes.txt'), 'not looked at')
  const out = join(folder, 'sheet.png')
  const run = (...more: string[]) =>
    promisify(execFile)(process.execPath, [CLI, 'see', folder, '-o', out, ...more])
  const { stdout } = await run('--layer', 'conv3', '--unit', '7', '--json')
  const report = JSON.parse(stdout) as { patches: { picture: string; activation: number }[] }
  t.match(report, { pictures: 2, passedOver: 1, views: 1 })
  t.ok(report.patches.every(({ picture }) => picture === 'one.jpg'))
  t.match(await sharp(out).metadata(), { format: 'png', width: 512 })
  t.match((await run('--json')).stdout, /"layer":"mixed1"/)
  await t.rejects(run('--layer', 'conv3', '--unit', '64'), { code: 2, stderr: /units 0 to 63/ })
})
