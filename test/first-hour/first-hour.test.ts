import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import t from 'tap'
import { exampleFile } from '../../src/config/document.js'
import { packageRoot } from '../../src/config/paths.js'
import { keepSelfSigned } from '../../src/admin/certificate.js'
import { loadConfig } from '../../src/config/load.js'
import { doorIdOf, parseCamera } from '../../src/first-hour/answers.js'
import { withSettings } from '../../src/first-hour/configuration-text.js'
import { kioskEnvironment } from '../../src/first-hour/kiosk-environment.js'
import { writeReplayPicture } from '../../src/replay-picture.js'

const cli = join(packageRoot, 'build', 'src', 'cli.js')

t.setTimeout(180_000)

t.test('a camera is told by one line', (t) => {
  t.same(parseCamera('/dev/video0'), { source: 'v4l2', device: '/dev/video0' })
  t.same(parseCamera('rtsp://cam/1'), { source: 'rtsp', url: 'rtsp://cam/1' })
  t.same(parseCamera('http://cam/v.mjpg'), { source: 'mjpeg', url: 'http://cam/v.mjpg' })
  t.same(parseCamera('file:/a b.mp4'), { source: 'file', path: '/a b.mp4' })
  t.throws(() => parseCamera('webcam'), /is no camera: give replay, \/dev\/video0/)
  t.end()
})

t.test("a door's id is one that topics take, whatever its name", (t) => {
  t.equal(doorIdOf('Side gate'), 'side-gate')
  t.equal(doorIdOf('Entrée 2'), 'entre-e-2')
  t.equal(doorIdOf('玄関'), 'front')
  fc.assert(fc.property(fc.string(), (name) => /^[a-z0-9][a-z0-9-]{0,31}$/.test(doorIdOf(name))))
  t.end()
})

t.test('a display trusts its own daemon, and no other', async (t) => {
  const folder = t.testdir()
  const { admin } = loadConfig({ env: {} }).config
  const told = (host: string, certificate?: string) =>
    kioskEnvironment({ ...admin, host }, 'secret', certificate)
  t.equal(told('127.0.0.1'), `GENKAN_KIOSK_URL=http://127.0.0.1:${admin.port}/kiosk#token=secret\n`)
  const certificates = await Promise.all(
    ['a', 'b'].map((name) => keepSelfSigned(join(folder, `${name}.pem`), '0.0.0.0', [])),
  )
  const [first, second] = certificates.map(({ cert }) => told('0.0.0.0', cert))
  t.match(first, `GENKAN_KIOSK_URL=https://127.0.0.1:${admin.port}/kiosk#token=secret\n`)
  t.match(first, /\nGENKAN_KIOSK_TRUST=--ignore-certificate-errors-spki-list=[\w+/]{43}=\n$/)
  t.not(first, second)
})

t.test('settings are laid into a file whose comments stay', (t) => {
  const text = withSettings(exampleFile(), [
    [['door', 'name'], 'Side gate'],
    [['models', 'threads'], 3],
  ])
  for (const line of exampleFile()
    .split('\n')
    .filter((line) => line.startsWith('# '))) {
    t.ok(text.includes(line), line)
  }
  t.match(text, /\n {2}name: Side gate\n/)
  t.match(text, /\n {2}threads: 3\n/)
  t.throws(() => withSettings('a: [', []), /not YAML/)
  t.end()
})

t.test(
  'setup: camera and broker are really asked, the store gets a token and a person',
  async (t) => {
    const folder = t.testdir()
    const config = join(folder, 'genkan.yaml')
    const env = {
      ...process.env,
      GENKAN_STORE_FOLDER: join(folder, 'data'),
      GENKAN_ADMIN_PORT: '0',
      GENKAN_MQTT_EMBEDDED_PORT: '0',
    }
    const picture = join(folder, 'test.jpg')
    const args = ['setup', '--yes', '--config', config, '--door-name', 'Side gate']
    const refused = spawnSync('node', [cli, ...args, '--camera', '/dev/video99'], {
      env: { ...env, GENKAN_CAMERA_OPEN_TIMEOUT_MS: '1000' },
      encoding: 'utf8',
    })
    t.equal(refused.status, 1)
    t.match(refused.stderr, /camera: .*nothing was written/s)
    t.notOk(existsSync(config))

    const done = spawnSync(
      'node',
      [
        ...[cli, ...args, '--test-picture', picture, '--kiosk'],
        ...['--person', 'First man', '--person-picture', await writeReplayPicture(folder)],
      ],
      { env, encoding: 'utf8' },
    )
    t.equal(done.status, 0, done.stderr)
    t.match(done.stdout, /camera +640x480, \d face/)
    t.match(done.stdout, /broker .* answers in \d+ ms/)
    t.match(done.stdout, /person +enrolled as [0-9A-Z]{26}/)
    t.equal(statSync(picture).mode & 0o777, 0o600)
    t.match(readFileSync(config, 'utf8'), /id: side-gate/)
    const list = execFileSync('node', [cli, 'token', 'list', '--json', '--config', config], {
      env,
      encoding: 'utf8',
    })
    t.match(JSON.parse(list), [
      { role: 'admin', label: 'setup' },
      { role: 'kiosk', label: 'kiosk display' },
    ])
  },
)
