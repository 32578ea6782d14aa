import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { boardNames, boardsFolder, readBoardProfile } from '../../src/config/board.js'
import { loadConfig } from '../../src/config/load.js'

const boards = ['generic-x86', 'jetson-orin-nano', 'raspberry-pi-5']
const workingFolder = t.testdir()

t.test('each board has a profile that the schema accepts', (t) => {
  t.same(boardNames(), boards)
  for (const name of boards) {
    const { board } = readBoardProfile(name)
    const rules = join(boardsFolder, name, board.udevRules)
    t.ok(existsSync(rules), rules)
    const { config, profile } = loadConfig({ board: name, env: {}, workingFolder })
    t.equal(config.board, name)
    t.equal(profile?.board.name, board.name)
    t.match(config.camera, { source: 'v4l2', device: '/dev/genkan-camera' })
  }
  t.end()
})

t.test('the profile lies under the file and the environment', (t) => {
  const configPath = join(workingFolder, 'genkan.yaml')
  writeFileSync(configPath, 'board: jetson-orin-nano\nmodels: { threads: 2 }\n')
  const env = { GENKAN_CAMERA_DEVICE: '/dev/video3' }
  const { config } = loadConfig({ configPath, env, workingFolder })
  t.same(config.models.executionProviders, ['tensorrt', 'cuda', 'cpu'], 'from the profile')
  t.equal(config.models.threads, 2, 'from the file')
  t.match(config.camera, { device: '/dev/video3', fps: 20 })
  const other = loadConfig({ configPath, board: 'generic-x86', env: {}, workingFolder })
  t.equal(other.config.board, 'generic-x86', 'the command line goes first')
  t.end()
})

t.test('a profile that is not valid is refused with its path', (t) => {
  const folder = t.testdir()
  const board = 'name: X\n  note: Y\n  udevRules: a.rules\n  relay: null'
  const profiles: [string, string, RegExp][] = [
    [
      'unknown-key',
      `board:\n  ${board}\nconfig: { cammera: {} }`,
      /cammera: .*did you mean camera/,
    ],
    [
      'bad-value',
      `board:\n  ${board}\nconfig: { camera: { source: v4l2, fps: 0 } }`,
      /camera\.fps/,
    ],
    ['no-board', 'config: {}', /board: .*expected object/],
    ['escape', `board:\n  ${board.replace('a.rules', '../../x')}\nconfig: {}`, /udevRules/],
  ]
  for (const [name, text, message] of profiles) {
    mkdirSync(join(folder, name))
    writeFileSync(join(folder, name, 'profile.yaml'), text)
    t.throws(() => readBoardProfile(name, folder), { name: 'ConfigError', message }, name)
  }
  t.throws(() => readBoardProfile('../etc'), { message: /no profile/ })
  t.end()
})

t.test('each rules line names the camera or the relay lines', (t) => {
  for (const name of boards) {
    const { board } = readBoardProfile(name)
    const text = readFileSync(join(boardsFolder, name, board.udevRules), 'utf8')
    t.match(text, /SYMLINK\+="genkan-camera"/)
    t.equal(/SUBSYSTEM=="gpio"/.test(text), board.relay !== null)
  }
  t.end()
})
