import { renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { temporaryFolder } from '../store/samples.js'
import { createClockWatch } from '../../src/watchdogs/clock-watch.js'
import { watchLoadedFiles } from '../../src/watchdogs/loaded-files.js'
import { startWatchdogs } from '../../src/watchdogs/watchdogs.js'
import type { WatchdogOptions } from '../../src/watchdogs/watchdogs.js'

const MB = 1024 * 1024

function setUp(t: { teardown(action: () => void): unknown }, over: Partial<WatchdogOptions>) {
  const told = { trips: [] as string[], restarts: [] as string[] }
  const watchdogs = startWatchdogs({
    clock: createClockWatch({ wallMs: () => 0, monotonicMs: () => 0, onJump: () => undefined }),
    files: { changed: () => [] },
    memoryLimitMb: 500,
    onTrip: (watchdog) => told.trips.push(watchdog),
    onRestart: (why) => told.restarts.push(why),
    rssBytes: () => 250 * MB,
    uptimeS: () => 3600,
    loopLagMs: () => 5,
    ...over,
  })
  t.teardown(() => watchdogs.stop())
  const looks = (count: number) => {
    for (let i = 0; i < count; i++) watchdogs.look()
  }
  return { watchdogs, told, looks }
}

t.test('memory beyond the ceiling for a while asks for a new process, but not early', (t) => {
  let rss = 250
  let uptime = 60
  const { watchdogs, told, looks } = setUp(t, { rssBytes: () => rss * MB, uptimeS: () => uptime })
  looks(30)
  t.strictSame(watchdogs.troubles(), {})
  rss = 600
  looks(30)
  t.match(watchdogs.troubles(), { memory: { cause: /600 MB/ } })
  t.strictSame(told.restarts, [], 'not within ten minutes of the start')
  uptime = 601
  looks(10)
  t.match(told.restarts, [/the limit is 500 MB/])
  t.strictSame(told.trips, ['memory'], 'told once')
  rss = 250
  looks(10)
  t.strictSame(watchdogs.troubles(), {})
  t.end()
})

t.test('a peak is no reason, and null is no ceiling', (t) => {
  let looksTaken = 0
  const peak = setUp(t, { rssBytes: () => (looksTaken++ % 3 === 0 ? 900 : 200) * MB })
  peak.looks(100)
  t.strictSame(peak.told.restarts, [])
  const none = setUp(t, { memoryLimitMb: null, rssBytes: () => 9000 * MB })
  none.looks(100)
  t.strictSame(none.told, { trips: [], restarts: [] })
  t.end()
})

t.test('a lagging event loop is told', (t) => {
  const { watchdogs, looks } = setUp(t, { loopLagMs: () => 900 })
  looks(1)
  t.match(watchdogs.troubles(), { loop: { cause: 'the event loop lags by 900 ms' } })
  t.end()
})

t.test('a loaded file that is changed, replaced or removed is told; a touched one is not', (t) => {
  const folder = temporaryFolder(t)
  const [model, calibration] = [join(folder, 'model'), join(folder, 'calibration')]
  writeFileSync(model, 'model')
  writeFileSync(calibration, 'calibration')
  const files = watchLoadedFiles([model, calibration])
  t.strictSame(files.changed(), [])
  writeFileSync(model, 'model')
  t.strictSame(files.changed(), [], 'the same bytes')
  writeFileSync(calibration, 'CALIBRATION')
  t.strictSame(files.changed(), [calibration])
  writeFileSync(`${model}.new`, 'MODEL')
  renameSync(`${model}.new`, model)
  t.strictSame(files.changed(), [model, calibration])
  rmSync(model)
  writeFileSync(calibration, 'calibration')
  t.strictSame(files.changed(), [model])
  t.end()
})
