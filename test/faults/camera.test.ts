import t from 'tap'

import { noSystem } from '../capture/sample-clips.js'
import { startMjpegSource, type Behaviour } from './mjpeg-source.js'
import {
  EAGER,
  enrolMan,
  FULL,
  newHome,
  pause,
  rounds,
  startDaemon,
  statusOf,
  until,
  useOf,
} from './running-daemon.js'

const ROUNDS = rounds(5, 100)
const FAULTS: readonly Behaviour[] = ['gone', 'frozen', 'silent', 'garbage', 'small']
/** The short form runs beside other tests on few cores. */
const BACK_WITHIN_MS = FULL ? 3000 : 10_000
const MAX_GROWTH_MB = 60

const grantsIn = (log: string): number => log.split('"outcome":"granted"').length - 1

t.test(
  'a camera that vanishes, freezes, falls silent, talks garbage or changes size',
  { skip: noSystem, timeout: 3_600_000 },
  async (t) => {
    const source = await startMjpegSource(t)
    const home = newHome(t)
    const daemon = await startDaemon(t, home, {
      ...EAGER,
      GENKAN_CAMERA_SOURCE: 'mjpeg',
      GENKAN_CAMERA_URL: source.url,
      GENKAN_CAMERA_FPS: '12',
      GENKAN_CAMERA_STALL_TIMEOUT_MS: '1000',
    })
    await enrolMan(daemon)
    await until(() => grantsIn(daemon.log()) > 1, 'the first grant')
    let before = useOf(daemon.pid)
    const backMs: number[] = []
    for (let round = 0; round < ROUNDS; round++) {
      const fault = FAULTS[round % FAULTS.length] ?? 'gone'
      source.behave(fault)
      if (fault === 'small') await pause(1500)
      else if (fault === 'frozen') {
        await pause(2000)
        const grants = grantsIn(daemon.log())
        await pause(1500)
        t.equal(grantsIn(daemon.log()), grants, 'a frozen picture is granted nothing')
      } else {
        await until(async () => (await statusOf(daemon)) === 'down', `${fault} to be noticed`)
        const grants = grantsIn(daemon.log())
        await pause(Math.random() * 1500)
        t.equal(grantsIn(daemon.log()), grants, `${fault}: no grant`)
      }
      const decisions = daemon.decisions().length
      const fromMs = performance.now()
      source.behave('good')
      await until(() => daemon.decisions().length > decisions, `a decision after ${fault}`)
      backMs.push(performance.now() - fromMs)
      if (round === Math.min(FAULTS.length, ROUNDS - 1)) before = useOf(daemon.pid)
    }
    const after = useOf(daemon.pid)
    const sorted = backMs.toSorted((a, b) => a - b)
    const worst = sorted.at(-1) ?? 0
    t.comment(
      `${ROUNDS} faults; first decision after ${Math.round(sorted[ROUNDS >> 1] ?? 0)} ms in the middle, ` +
        `${Math.round(worst)} ms at worst; RSS ${Math.round(before.rssMb)} → ${Math.round(after.rssMb)} MB, ` +
        `descriptors ${before.descriptors} → ${after.descriptors}`,
    )
    t.ok(worst <= BACK_WITHIN_MS, `${Math.round(worst)} ms at worst`)
    t.ok(after.descriptors <= before.descriptors + 4, 'no descriptor is left open')
    t.ok(after.rssMb <= before.rssMb + MAX_GROWTH_MB, 'memory stays')
    t.equal(await daemon.kill('SIGINT'), 0)
  },
)
