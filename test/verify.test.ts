import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import sharp from 'sharp'
import t from 'tap'
import { assetPath } from '../src/models/registry.js'
import { openStore } from '../src/store/store.js'
import { clipFrames } from './admin/clip-frames.js'

const CLI = fileURLToPath(new URL('../src/cli.js', import.meta.url))
const NOBODY = '01JD4QXNWZ8Y3Q4R5S6T7V8W9X'

const folder = mkdtempSync(join(tmpdir(), 'genkan-verify-'))
t.teardown(() => rmSync(folder, { recursive: true, force: true }))

interface Ended {
  readonly exitCode: number | null
  readonly out: string
  readonly err: string
}

function genkan(...args: string[]): Promise<Ended> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [CLI, ...args], { cwd: folder })
    let out = ''
    let err = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text))
    child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text))
    child.once('exit', (exitCode) => resolve({ exitCode, out, err }))
  })
}

t.test('a claim is verified 1:1 at a threshold of its own', async (t) => {
  const frames = await clipFrames('franck.mp4', 12, 8)
  const [first] = frames
  const last = frames.at(-1)
  if (last === undefined) throw new Error('the clip has no frames')
  writeFileSync(join(folder, 'first.jpg'), first)
  writeFileSync(join(folder, 'last.jpg'), last)
  await sharp(assetPath('joconde.jpg')).jpeg().toFile(join(folder, 'other.jpg'))

  const enrolled = await genkan('enroll', 'Franck', 'first.jpg', '--json')
  t.equal(enrolled.exitCode, 0, enrolled.err)
  const { personId } = JSON.parse(enrolled.out) as { personId: string }

  const same = await genkan('verify', personId, 'last.jpg', '--json')
  t.equal(same.exitCode, 0, same.err)
  const verdict = JSON.parse(same.out) as { distanceSq: number; threshold: number }
  t.match(verdict, { picture: 'last.jpg', personId, outcome: 'same', templates: 1 })
  t.ok(verdict.distanceSq > 0, 'another frame is another picture')
  t.ok(verdict.distanceSq <= verdict.threshold)

  const different = await genkan('verify', personId, 'other.jpg', '--json')
  t.equal(different.exitCode, 3, different.err)
  const refusal = JSON.parse(different.out) as { distanceSq: number; threshold: number }
  t.match(refusal, { outcome: 'different', threshold: verdict.threshold })
  t.ok(refusal.distanceSq > refusal.threshold)
  t.notMatch(different.out, /Franck/)

  const found = await genkan('identify', '--json', 'last.jpg')
  t.match(JSON.parse(found.out), {
    outcome: 'match',
    person: { id: personId },
    threshold: Number,
    margin: Number,
    persons: 1,
  })
})

t.test('bad input ends with 2 and says what is wrong', async (t) => {
  await sharp({ create: { width: 320, height: 240, channels: 3, background: 'grey' } })
    .jpeg()
    .toFile(join(folder, 'wall.jpg'))
  const store = openStore({ folder: join(folder, 'data'), nowMs: Date.now, role: 'command' })
  const [franck] = store.persons.list()
  const faceless = store.persons.create('Jun', 'test')
  store.close()
  const cases = [
    { id: NOBODY, picture: 'last.jpg', said: /no person has this id/ },
    { id: 'franck', picture: 'last.jpg', said: /no person has this id/ },
    { id: franck.id, picture: 'wall.jpg', said: /no-face/ },
    { id: franck.id, picture: 'missing.jpg', said: /cannot be read/ },
    { id: faceless.id, picture: 'last.jpg', said: /has no face/ },
  ]
  for (const { id, picture, said } of cases) {
    const { exitCode, out, err } = await genkan('verify', id, picture, '--json')
    t.equal(exitCode, 2, `${id} ${picture}: ${err}`)
    t.match(err, said)
    t.equal(out, '')
  }
})

t.test('the audit tells who compared whom, and no name', (t) => {
  const store = openStore({ folder: join(folder, 'data'), nowMs: Date.now, role: 'command' })
  t.teardown(() => store.close())
  const entries = store.audit.list({ limit: 50 }).filter(({ action }) => action.startsWith('face.'))
  const [franck] = store.persons.list()
  t.ok(entries.every(({ actor }) => actor === 'cli'))
  t.equal(entries.filter(({ action }) => action === 'face.identify').length, 1)
  const verified = entries.filter(({ subjectId }) => subjectId === franck.id)
  t.ok(verified.length >= 3 && verified.every(({ action }) => action === 'face.verify'))
  t.notMatch(JSON.stringify(entries), /Franck|Jun/)
  t.end()
})
