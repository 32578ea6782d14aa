import { spawn } from 'node:child_process'
import { copyFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import t from 'tap'

import { assetPath, defaultModels, readManifest } from '../../src/models/registry.js'
import { shippedCalibrationPath } from '../../src/threshold-source.js'
import {
  EAGER,
  enrolMan,
  healthOf,
  newHome,
  pause,
  rounds,
  startDaemon,
  statusOf,
  until,
} from './running-daemon.js'
import type { RunningDaemon } from './running-daemon.js'

const CAMERA = { GENKAN_CAMERA_SOURCE: 'file', GENKAN_CAMERA_PATH: assetPath('franck.mp4') }
const FAKETIME = ['x86_64-linux-gnu', 'aarch64-linux-gnu']
  .map((machine) => `/usr/lib/${machine}/faketime/libfaketimeMT.so.1`)
  .find((path) => existsSync(path))

const grantsIn = (daemon: RunningDaemon): number =>
  daemon.log().split('"outcome":"granted"').length - 1

t.test(
  'the clock is set back a day: nothing is granted until it keeps time',
  { skip: FAKETIME === undefined && 'libfaketime is not installed (apt-get install faketime)' },
  async (t) => {
    const home = newHome(t)
    const offset = join(home.folder, 'offset')
    writeFileSync(offset, '+0')
    const daemon = await startDaemon(t, home, {
      ...EAGER,
      ...CAMERA,
      LD_PRELOAD: FAKETIME ?? '',
      FAKETIME_TIMESTAMP_FILE: offset,
      FAKETIME_NO_CACHE: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
      DONT_FAKE_MONOTONIC: '1',
    })
    await enrolMan(daemon)
    await until(() => grantsIn(daemon) > 1, 'grants')
    const setMs = performance.now()
    writeFileSync(offset, '-1d')
    const isTold = async () => /the clock jumped by -86[34]\d\d/.test(await healthOf(daemon))
    await until(isTold, 'the jump')
    t.equal(await statusOf(daemon), 'down')
    const grants = grantsIn(daemon)
    // Told by a timer: at the end of its ten seconds a grant may come before the telling ends.
    while (performance.now() - setMs < 9500) await pause(50)
    t.equal(grantsIn(daemon), grants, 'no grant meanwhile')
    await until(async () => !(await isTold()), 'the end of the telling')
    t.match(daemon.log(), /"reason":"fault"/, 'attempts end as faults')
    await until(() => grantsIn(daemon) > grants, 'grants once the clock keeps time')
    t.equal(await daemon.kill('SIGINT'), 0)
  },
)

t.test(
  'a calibration and a model changed under a running daemon are not used, and told',
  async (t) => {
    const home = newHome(t)
    const calibration = join(home.folder, 'calibration.json')
    copyFileSync(shippedCalibrationPath(defaultModels.encoder), calibration)
    const shipped = readManifest(defaultModels.encoder)
    const manifest = join(home.folder, 'encoder.json')
    const model = join(home.folder, shipped.manifest.file.name)
    copyFileSync(shipped.manifestPath, manifest)
    copyFileSync(shipped.modelPath, model)
    const env = {
      ...EAGER,
      ...CAMERA,
      GENKAN_MATCHING_CALIBRATION_FILE: calibration,
      GENKAN_MODELS_ENCODER: manifest,
    }
    const daemon = await startDaemon(t, home, env)
    await enrolMan(daemon)
    const thresholdOf = (health: string) => /"threshold":\{"value":([\d.]+)/.exec(health)?.[1]
    const before = thresholdOf(await healthOf(daemon))
    t.ok(before)
    writeFileSync(calibration, readFileSync(calibration, 'utf8').replaceAll('0', '9'))
    await until(
      async () => (await healthOf(daemon)).includes(`${calibration} changed on disk`),
      'health to tell',
    )
    t.equal(await statusOf(daemon), 'degraded')
    t.equal(thresholdOf(await healthOf(daemon)), before, 'the threshold in force is the one loaded')
    const bytes = readFileSync(model)
    bytes[bytes.length >> 1] ^= 0xff
    writeFileSync(model, bytes)
    await until(async () => (await healthOf(daemon)).includes(model), 'health to tell of the model')
    const grants = grantsIn(daemon)
    await until(() => grantsIn(daemon) > grants, 'the loaded model to go on')
    t.equal(await daemon.kill('SIGINT'), 0)
    await t.rejects(startDaemon(t, home, env), /cannot start: .*sha256/s)
    copyFileSync(shipped.modelPath, model)
    const again = await startDaemon(t, home, env)
    t.equal(await statusOf(again), 'down', 'what it has become is refused at the next start')
    t.equal(await again.kill('SIGINT'), 0)
  },
)

t.test('with every core taken twice, nobody but the man is granted', async (t) => {
  const home = newHome(t)
  const daemon = await startDaemon(t, home, { ...EAGER })
  const manId = await enrolMan(daemon)
  const burners = Array.from({ length: 4 }, () =>
    spawn(process.execPath, ['-e', 'for (;;) Math.random()'], { stdio: 'ignore' }),
  )
  t.teardown(() => burners.forEach((burner) => burner.kill('SIGKILL')))
  const unhurried = daemon.decisions().length
  await until(() => daemon.decisions().length >= unhurried + 3, 'decisions', 120_000)
  await pause(rounds(0, 300_000))
  const answer = await daemon.api('GET', 'api/decisions?limit=200')
  const { items } = (await answer.json()) as {
    items: { outcome: string; person?: { id: string } }[]
  }
  t.ok(items.length > 0, `${items.length} decisions under pressure`)
  t.strictSame(
    items.filter(({ outcome, person }) => outcome === 'granted' && person?.id !== manId),
    [],
  )
  t.equal(await daemon.kill('SIGINT'), 0)
})
