import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import t from 'tap'
import { ConfigError } from '../../src/config/config-error.js'
import { configKeys, environmentName } from '../../src/config/describe-keys.js'
import { exampleFile } from '../../src/config/document.js'
import { loadConfig, type LoadConfigOptions } from '../../src/config/load.js'
import { MAX_CONFIG_BYTES } from '../../src/config/read-yaml.js'
import { configSchema } from '../../src/config/schema.js'

const workingFolder = t.testdir()
let count = 0

function load(yaml: string | undefined, more: LoadConfigOptions = {}) {
  if (yaml === undefined) return loadConfig({ env: {}, workingFolder, ...more })
  const configPath = join(workingFolder, `${(count += 1)}.yaml`)
  writeFileSync(configPath, yaml)
  return loadConfig({ configPath, env: {}, workingFolder, ...more })
}

function issuesOf(yaml: string | undefined, more: LoadConfigOptions = {}) {
  try {
    load(yaml, more)
  } catch (error) {
    if (error instanceof ConfigError) return error.issues
    throw error
  }
  return []
}

t.test('nothing configured is enough to start', (t) => {
  const { config, file, profile } = load(undefined)
  t.equal(file, undefined)
  t.equal(profile, undefined)
  t.equal(config.camera.source, 'replay')
  t.equal(config.mqtt.url, 'embedded')
  t.equal(config.admin.host, '127.0.0.1')
  t.equal(config.liveness.mode, 'life')
  t.equal(config.decision.frames, 3)
  t.equal(config.matching.targetFpir, 0.001)
  t.equal(config.matching.threshold, null)
  t.end()
})

t.test('the file is the named one, else GENKAN_CONFIG, else genkan.yaml if it is there', (t) => {
  const folder = t.testdir({
    'genkan.yaml': 'door: { id: usual }',
    'other.yaml': 'door: { id: other }',
    'third.yaml': 'door: { id: third }',
  })
  const doorOf = (options: LoadConfigOptions) =>
    loadConfig({ env: {}, workingFolder: folder, ...options }).config.door.id
  t.equal(doorOf({}), 'usual')
  t.equal(doorOf({ env: { GENKAN_CONFIG: 'other.yaml' } }), 'other')
  t.equal(doorOf({ env: { GENKAN_CONFIG: 'other.yaml' }, configPath: 'third.yaml' }), 'third')
  t.throws(() => doorOf({ configPath: 'missing.yaml' }), { message: /missing\.yaml: is not there/ })
  t.end()
})

t.test('the environment goes over the file', (t) => {
  const env = {
    GENKAN_MQTT_URL: 'mqtts://broker.local:8883',
    GENKAN_MQTT_PASSWORD_FILE: '/run/secrets/mqtt',
    GENKAN_ADMIN_PORT: '9090',
    GENKAN_ADMIN_ALLOW_PLAIN_HTTP: 'true',
    GENKAN_MODELS_EXECUTION_PROVIDERS: 'cuda, cpu',
    GENKAN_MATCHING_THRESHOLD: 'null',
    GENKAN_DOOR_NAME: '12',
    OTHER: 'x',
  }
  const yaml = 'mqtt: { url: embedded, username: door }\nmatching: { threshold: 1.1 }\n'
  const { config, fromEnvironment } = load(yaml, { env })
  t.equal(config.mqtt.url, 'mqtts://broker.local:8883')
  t.equal(config.mqtt.username, 'door')
  t.equal(config.mqtt.passwordFile, '/run/secrets/mqtt')
  t.equal(config.admin.port, 9090)
  t.equal(config.admin.allowPlainHttp, true)
  t.same(config.models.executionProviders, ['cuda', 'cpu'])
  t.equal(config.matching.threshold, null)
  t.equal(config.door.name, '12', 'text stays text')
  t.equal(fromEnvironment.length, 7)
  t.end()
})

t.test('each key has a variable of its own', (t) => {
  const paths = [...new Set(configKeys.map(({ path }) => path))]
  t.equal(new Set(paths.map(environmentName)).size, paths.length)
  t.equal(environmentName('mqtt.passwordFile'), 'GENKAN_MQTT_PASSWORD_FILE')
  t.equal(environmentName('camera.gapS'), 'GENKAN_CAMERA_GAP_S')
  t.end()
})

t.test('what is wrong is named with its path and the fix', (t) => {
  const cases: [string, string, RegExp, RegExp][] = [
    ['mqtt: { uri: x }', 'mqtt.uri', /not a key/, /did you mean url/],
    ['cammera: {}', 'cammera', /not a key/, /did you mean camera/],
    ['door: { zzzzzzzz: 1 }', 'door.zzzzzzzz', /not a key/, /use one of id, name/],
    ['door: front', 'door', /expected object/, /section with some of id, name/],
    ['admin: { port: http }', 'admin.port', /expected number/, /0 to 65535/],
    ['admin: { port: 70000 }', 'admin.port', /Too big/, /0 to 65535/],
    ['log: { level: loud }', 'log.level', /Invalid option/, /debug, info, warn, error/],
    ['camera: { source: webcam }', 'camera.source', /Invalid/, /replay, v4l2, rtsp/],
    ['camera: { device: /dev/video0 }', 'camera.device', /does not belong/, /v4l2, snapshot/],
    ['camera: { source: rtsp }', 'camera.url', /address/, /set it/],
    ['camera: { source: v4l2, device: "-f" }', 'camera.device', /device path/, /set it/],
    ['camera: { source: rtsp, url: "http://x/" }', 'camera.url', /rtsp:/, /set it/],
    ['camera: { source: rtsp, url: "rtsp://u:p@x/" }', 'camera.url', /passwordFile/, /set it/],
    ['mqtt: { url: "mqtt://u:p@x" }', 'mqtt.url', /passwordFile/, /set it/],
    ['mqtt: { url: "http://x" }', 'mqtt.url', /mqtt:\/\/host:port/, /set it/],
    ['mqtt: { url: "mqtts://x", cert: a }', 'mqtt.cert', /both or none/, /set it/],
    ['mqtt: { url: "mqtt://x", ca: a }', 'mqtt.url', /mqtts/, /set it/],
    ['mqtt: { topicPrefix: "a/#" }', 'mqtt.topicPrefix', /levels/, /set it/],
    ['door: { id: "a/b" }', 'door.id', /letters/, /set it/],
    ['liveness: { askAfterMs: 13000 }', 'liveness.askAfterMs', /shorter/, /500 to 60000/],
    ['models: { executionProviders: [gpu] }', 'models.executionProviders.0', /Invalid/, /cuda/],
    ['board: nothing', 'board', /no profile/, /raspberry-pi-5/],
  ]
  for (const [yaml, path, what, cure] of cases) {
    const [issue] = issuesOf(yaml)
    t.match(issue, { path, what, cure }, yaml)
  }
  t.end()
})

t.test('everything that is wrong is told at once', (t) => {
  const issues = issuesOf('door: { id: "" }\nadmin: { port: -1 }\nfoo: 1\n', {
    env: { GENKAN_LOG_LEVEL: 'loud', GENKAN_MQTT_URI: 'x' },
  })
  t.same(issues.map(({ path }) => path).sort(), [
    'GENKAN_MQTT_URI',
    'admin.port',
    'door.id',
    'foo',
    'log.level',
  ])
  t.match(issues.find(({ path }) => path === 'log.level')?.what, /from GENKAN_LOG_LEVEL/)
  t.match(issues.find(({ path }) => path === 'GENKAN_MQTT_URI')?.cure, /GENKAN_MQTT_URL/)
  t.end()
})

t.test('files that are no configuration are refused', (t) => {
  t.match(issuesOf('a: 1\na: 2\n')[0], { what: /unique/ })
  t.match(issuesOf('- a\n- b\n')[0], { what: /not a mapping/ })
  t.match(issuesOf('door: [unclosed')[0], { cure: /correct the YAML/ })
  t.match(issuesOf(`# ${'x'.repeat(MAX_CONFIG_BYTES)}`)[0], { what: /larger than/ })
  t.match(issuesOf(undefined, { configPath: workingFolder })[0], { what: /is a folder/ })
  t.match(issuesOf(undefined, { configPath: '/dev/zero' })[0], { what: /larger than/ })
  t.match(issuesOf('\0\0\0')[0], {})
  const latin = join(workingFolder, 'latin.yaml')
  writeFileSync(latin, Buffer.from('door: { name: "Haust\xfcr" }', 'latin1'))
  t.match(issuesOf(undefined, { configPath: latin })[0], { what: /UTF-8/ })
  if (process.getuid?.() !== 0) {
    chmodSync(latin, 0)
    t.match(issuesOf(undefined, { configPath: latin })[0], { what: /may not be read/ })
  }
  t.end()
})

t.test('aliases, deep nesting and prototypes do no harm', (t) => {
  const bomb = [
    'a: &a [x, x]',
    ...'bcdefghijk'.split('').map((name, i) => {
      const below = 'abcdefghijk'[i]
      return `${name}: &${name} [*${below}, *${below}, *${below}, *${below}]`
    }),
  ]
  t.match(issuesOf(bomb.join('\n'))[0], { what: /alias/ })
  t.match(issuesOf('door: &d { id: a }\nlog: *d')[0], { what: /alias/ })
  const started = performance.now()
  t.ok(issuesOf(`door: ${'['.repeat(60_000)}`).length > 0)
  t.ok(issuesOf(`door: ${'{a: '.repeat(20_000)}`).length > 0)
  t.ok(performance.now() - started < 10_000)
  t.ok(issuesOf('__proto__: { polluted: true }').length > 0)
  t.ok(issuesOf('door: { __proto__: { polluted: true } }').length > 0)
  t.equal(({} as { polluted?: boolean }).polluted, undefined)
  t.end()
})

t.test('any text is a configuration or an error that explains, never something else', (t) => {
  const sections = [...new Set(configKeys.map(({ path }) => path.split('.', 1)[0]))]
  const value = fc.oneof(fc.string(), fc.integer(), fc.double(), fc.boolean(), fc.constant(null))
  const tree = fc.dictionary(
    fc.constantFrom(...sections, 'x'),
    fc.oneof(value, fc.dictionary(fc.string(), value)),
  )
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        tree.map((object) => JSON.stringify(object)),
      ),
      (text) =>
        issuesOf(text).every(({ path, what, cure }) => path !== '' && what !== '' && cure !== ''),
    ),
    { numRuns: 300 },
  )
  t.end()
})

t.test('another camera source does not inherit the keys of the one beneath', (t) => {
  const yaml = 'board: raspberry-pi-5\ncamera: { source: rtsp, url: "rtsp://cam/1" }'
  const { config } = load(yaml)
  t.match(config.camera, { source: 'rtsp', url: 'rtsp://cam/1', width: 640, fps: 15 })
  t.notOk('device' in config.camera)
  t.end()
})

t.test('the example file is valid, and is the defaults', (t) => {
  t.same(load(exampleFile()).config, configSchema.parse({}))
  t.end()
})

t.test('the example file is valid with every line of a section uncommented', (t) => {
  const uncommented = exampleFile()
    .split('\n')
    .map((line) => line.replace(/^( {2})#(\w+: \S)/, '$1$2'))
    .filter((line) => !/^ {2}(gapS|device|loop|fps):/.test(line))
    .join('\n')
  t.same(load(uncommented).config, configSchema.parse({}))
  t.end()
})
