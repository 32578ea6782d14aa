import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import fc from 'fast-check'
import t from 'tap'

import { sha256Hex } from '../../src/models/checked-file.js'
import type { ModelError } from '../../src/models/error.js'
import {
  listTrainedStyles,
  readTrainedStyle,
  SHIPPED_STYLES,
  type TrainedStyleManifest,
} from '../../src/style/trained-styles.js'

const MODEL = Buffer.from('not yet a net, but checked all the same')

const manifestOf = (id: string): TrainedStyleManifest => ({
  id,
  style: 'waves',
  bytes: MODEL.length,
  sha256: sha256Hex(MODEL),
  training: {
    pictures: 3,
    steps: 10,
    sidePixels: 128,
    seed: 1,
    beta: 30,
    strokeScale: 1,
    cost: 2.5,
  },
})

function folderWith(
  t: { teardown(action: () => void): unknown },
  manifests: Readonly<Record<string, unknown>>,
): string {
  const folder = mkdtempSync(join(tmpdir(), 'genkan-styles-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  for (const [name, manifest] of Object.entries(manifests)) {
    const text = typeof manifest === 'string' ? manifest : JSON.stringify(manifest)
    writeFileSync(join(folder, `${name}.json`), text)
    writeFileSync(join(folder, `${name}.onnx`), MODEL)
  }
  return folder
}

function list(folders: readonly string[]) {
  const faults: ModelError[] = []
  const styles = listTrainedStyles(folders, (error) => faults.push(error))
  return { styles, faults, ids: styles.map(({ manifest }) => manifest.id) }
}

t.test('styles of several folders are one list, the first folder before the others', (t) => {
  const own = folderWith(t, { waves: manifestOf('waves') })
  const shipped = folderWith(t, { waves: manifestOf('waves'), mosaic: manifestOf('mosaic') })
  const { ids, faults, styles } = list([own, join(own, 'not-there'), shipped])
  t.strictSame(ids, ['mosaic', 'waves'])
  t.equal(styles[1]?.file, join(own, 'waves.onnx'))
  t.strictSame(faults, [])
  t.end()
})

t.test('a manifest that cannot be used is told, and the others stay', (t) => {
  const folder = folderWith(t, {
    broken: '{',
    other: manifestOf('another'),
    more: { ...manifestOf('more'), note: 'x' },
    huge: `"${'x'.repeat(20_000)}"`,
    good: manifestOf('good'),
  })
  const { ids, faults } = list([folder])
  t.strictSame(ids, ['good'])
  t.equal(faults.length, 4)
  for (const fault of faults)
    t.match(fault, { code: 'manifest-invalid', cure: /genkan style train/ })
  t.end()
})

t.test('a model is given only when it is the one described, to the last bit', (t) => {
  const folder = folderWith(t, { waves: manifestOf('waves') })
  const file = join(folder, 'waves.onnx')
  const expected = manifestOf('waves')
  t.strictSame(Buffer.from(readTrainedStyle(file, expected)), MODEL)
  fc.assert(
    fc.property(fc.nat(MODEL.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
      const changed = Buffer.from(MODEL)
      changed[at] = (changed[at] ?? 0) ^ change
      writeFileSync(file, changed)
      t.throws(() => readTrainedStyle(file, expected), { code: 'wrong-hash' })
    }),
    { numRuns: 20 },
  )
  writeFileSync(file, MODEL.subarray(1))
  t.throws(() => readTrainedStyle(file, expected), { code: 'wrong-size' })
  rmSync(file)
  t.throws(() => readTrainedStyle(file, expected), { code: 'file-missing' })
  t.end()
})

t.test('what ships is whole', (t) => {
  const { styles, faults } = list([SHIPPED_STYLES])
  t.strictSame(faults, [])
  for (const { manifest, file } of styles) {
    t.ok(readTrainedStyle(file, manifest).length < 100_000, manifest.id)
  }
  t.end()
})
