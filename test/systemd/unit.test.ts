import { execFileSync, spawnSync } from 'node:child_process'
import { readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { packageRoot } from '../../src/config/paths.js'

const unit = join(packageRoot, 'systemd', 'genkan.service')
const text = readFileSync(unit, 'utf8')

function systemdVersion(): number {
  try {
    const told = execFileSync('systemd-analyze', ['--version'], { encoding: 'utf8' })
    return Number(/systemd (\d+)/.exec(told)?.[1] ?? 0)
  } catch {
    return 0
  }
}

const version = systemdVersion()
const skip = version >= 250 ? false : 'systemd-analyze 250 or newer is not installed'

/** The unit with the programs of this machine, since verify asks whether they are there. */
function localUnit(folder: string): string {
  const path = join(folder, 'genkan.service')
  writeFileSync(path, text.replaceAll('/usr/bin/genkan', process.execPath))
  return path
}

t.test('systemd-analyze verify has nothing to say', { skip }, (t) => {
  const path = localUnit(t.testdir())
  const { status, stdout, stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', path], {
    encoding: 'utf8',
  })
  const ours = `${stdout}${stderr}`.split('\n').filter((line) => line.includes('genkan'))
  t.same(ours, [])
  t.equal(status, 0, stderr)
  t.end()
})

t.test('the other units are verified too', { skip }, (t) => {
  const folder = t.testdir()
  for (const name of readdirSync(join(packageRoot, 'systemd'))) {
    if (!/\.(?:service|timer)$/.test(name)) continue
    const unitText = readFileSync(join(packageRoot, 'systemd', name), 'utf8')
    // The programs of the board: verify asks whether they are there.
    const programs = /\/usr\/(?:bin\/(?:genkan|find)|lib\/genkan\/kiosk-display)/g
    writeFileSync(join(folder, name), unitText.replaceAll(programs, process.execPath))
  }
  for (const name of readdirSync(folder)) {
    const path = join(folder, name)
    const { stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', path], {
      encoding: 'utf8',
    })
    const ours = stderr.split('\n').filter((line) => line.includes(`${name}:`))
    t.same(ours, [], name)
  }
  t.end()
})

t.test('systemd-analyze verify sees a mistake in it', { skip }, (t) => {
  const path = localUnit(t.testdir())
  writeFileSync(path, readFileSync(path, 'utf8').replace('NoNewPrivileges=', 'NoNewPrivlieges='))
  const told = spawnSync('systemd-analyze', ['verify', '--man=no', path], { encoding: 'utf8' })
  t.match(told.stderr, /NoNewPrivlieges/)
  t.end()
})

t.test('its exposure is low', { skip }, (t) => {
  const path = localUnit(t.testdir())
  const told = spawnSync(
    'systemd-analyze',
    ['security', '--offline=true', '--no-pager', '--threshold=20', path],
    { encoding: 'utf8' },
  )
  const exposure = /Overall exposure level[^:]*: ([\d.]+)/.exec(told.stdout)?.[1]
  t.ok(Number(exposure) <= 2, `exposure ${exposure ?? 'unknown'} of 10\n${told.stderr}`)
  t.equal(told.status, 0)
  t.end()
})

t.test('what is left out says why', (t) => {
  for (const name of [
    'MemoryDenyWriteExecute',
    'PrivateDevices',
    'PrivateUsers',
    'PrivateNetwork',
    'ProcSubset',
  ]) {
    t.match(text, new RegExp(`# .*${name}=\\w+.* left out`), name)
    t.notMatch(text, new RegExp(`^${name}=`, 'm'), name)
  }
  t.end()
})

t.test('it is a notified, watched and restarted service', (t) => {
  for (const line of ['Type=notify', 'NotifyAccess=all', 'Restart=on-failure', 'User=genkan']) {
    t.match(text, new RegExp(`^${line}$`, 'm'), line)
  }
  t.match(text, /^WatchdogSec=\d+$/m)
  t.match(text, /^LoadCredential=genkan-key:/m)
  t.end()
})
