import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import sharp from 'sharp'
import t from 'tap'
import { assetPath } from '../src/models/registry.js'

const CLI = fileURLToPath(new URL('../src/cli.js', import.meta.url))
const MAIN = fileURLToPath(new URL('../src/main.js', import.meta.url))

interface Ended {
  readonly exitCode: number | null
  readonly out: string
  readonly err: string
}

const folder = mkdtempSync(join(tmpdir(), 'genkan-cli-'))
t.teardown(() => rmSync(folder, { recursive: true, force: true }))

const genkan = (...args: string[]) => runScript(CLI, args)

function runScript(script: string, args: readonly string[]): Promise<Ended> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [script, ...args], { cwd: folder })
    let out = ''
    let err = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text))
    child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text))
    child.once('exit', (exitCode) => resolve({ exitCode, out, err }))
  })
}

/** One face of a real group photograph, cut out. */
async function cutFace(): Promise<string> {
  const path = join(folder, 'face.jpg')
  await sharp(assetPath('joconde.jpg')).jpeg().toFile(path)
  return path
}

/** A PNG that promises 30,000 × 30,000 pixels in a few hundred bytes. */
function bomb(): Buffer {
  const header = readFileSync(join(folder, 'tiny.png'))
  header.writeUInt32BE(30_000, 16)
  header.writeUInt32BE(30_000, 20)
  return header
}

t.test('pictures that are no use are refused with a reason and exit code 2', async (t) => {
  const whole = readFileSync(assetPath('sample1.jpg'))
  await sharp({ create: { width: 8, height: 8, channels: 3, background: 'grey' } })
    .png()
    .toFile(join(folder, 'tiny.png'))
  await sharp({ create: { width: 640, height: 480, channels: 3, background: 'grey' } })
    .jpeg()
    .toFile(join(folder, 'wall.jpg'))
  await sharp({ create: { width: 10_000, height: 10_000, channels: 3, background: 'grey' } })
    .jpeg()
    .toFile(join(folder, 'huge.jpg'))
  writeFileSync(join(folder, 'empty.jpg'), '')
  writeFileSync(join(folder, 'truncated.jpg'), whole.subarray(0, whole.length / 3))
  writeFileSync(join(folder, 'text.jpg'), 'not a picture at all')
  writeFileSync(join(folder, 'bomb.png'), bomb())
  writeFileSync(join(folder, 'group.jpg'), whole)
  const expected: Readonly<Record<string, string>> = {
    'empty.jpg': 'empty',
    'truncated.jpg': 'truncated',
    'text.jpg': 'not-an-image',
    'bomb.png': 'too-large',
    'huge.jpg': 'too-large',
    'wall.jpg': 'no-face',
    'group.jpg': 'two-faces',
  }
  const { exitCode, out } = await genkan('identify', '--json', ...Object.keys(expected))
  t.equal(exitCode, 2)
  const lines = out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { picture: string; outcome: string; reason: string })
  for (const { picture, outcome, reason } of lines) {
    t.equal(outcome, 'refused')
    t.equal(reason, expected[picture], picture)
  }
  for (const picture of ['empty.jpg', 'group.jpg', 'missing.jpg']) {
    const { exitCode, err } = await genkan('enroll', 'Somebody', picture)
    t.equal(exitCode, 2, `${picture} is not enrolled`)
    t.match(err, /genkan: /)
  }
})

t.test('one picture enrols a person, who is then found, and only then', async (t) => {
  const face = await cutFace()
  const before = await genkan('identify', '--json', face)
  t.match(JSON.parse(before.out), { outcome: 'unknown' })
  const enrolled = await genkan('enroll', 'Lisa', face, '--json')
  t.equal(enrolled.exitCode, 0, enrolled.err)
  const after = await genkan('identify', '--json', face)
  t.match(JSON.parse(after.out), { outcome: 'match', person: { name: 'Lisa' }, persons: 1 })
  const again = await genkan('enroll', 'Double', face)
  t.equal(again.exitCode, 2)
  t.match(again.err, /same-as-person/)
})

t.test('the doctor examines every part and is content with a fresh machine', async (t) => {
  const { exitCode, out } = await genkan('doctor', '--json')
  const { findings } = JSON.parse(out) as {
    findings: { part: string; verdict: string; detail: string }[]
  }
  t.same(
    findings.map(({ part }) => part),
    ['configuration', 'models', 'store', 'camera', 'broker', 'clock', 'disk'],
  )
  t.same(
    findings.filter(({ verdict }) => verdict === 'fault'),
    [],
  )
  t.equal(exitCode, 0)
})

t.test('the doctor names the cure of each fault', async (t) => {
  const config = join(folder, 'broken.yaml')
  writeFileSync(
    config,
    [
      'camera: { source: v4l2, device: /dev/video-missing, openTimeoutMs: 1000 }',
      'mqtt: { url: "mqtt://127.0.0.1:1" }',
      'models: { encoder: fr_detect }',
      '',
    ].join('\n'),
  )
  const { exitCode, out } = await genkan('doctor', '--json', '--config', config)
  t.equal(exitCode, 1)
  const { findings } = JSON.parse(out) as {
    findings: { part: string; verdict: string; cure?: string }[]
  }
  for (const part of ['camera', 'broker', 'models']) {
    const finding = findings.find((candidate) => candidate.part === part)
    t.equal(finding?.verdict, 'fault', part)
    t.ok(finding?.cure, `${part} has a cure`)
  }
})

t.test('a configuration that does not fit is explained by path', async (t) => {
  const config = join(folder, 'typo.yaml')
  writeFileSync(config, 'camera: { source: replay, fpss: 10 }\n')
  const { exitCode, err } = await genkan('run', '--config', config)
  t.equal(exitCode, 1)
  t.match(err, /camera/)
  t.match(err, /fpss/)
})

t.test('`npm start -- …` takes the options of `genkan run`, and refuses others', async (t) => {
  const named = await runScript(MAIN, ['--config', 'nowhere.yaml'])
  t.match(named.err, /nowhere\.yaml/)
  t.equal(named.exitCode, (await genkan('run', '--config', 'nowhere.yaml')).exitCode)
  t.not(named.exitCode, 0)
  const unknown = await runScript(MAIN, ['--confg', 'nowhere.yaml'])
  t.match(unknown.err, /unknown option '--confg'/)
  t.not(unknown.exitCode, 0)
})
