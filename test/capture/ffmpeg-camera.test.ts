import { createHash } from 'node:crypto'
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import t from 'tap'
import type { Camera, CameraState } from '../../src/capture/camera.js'
import { createFfmpegCamera, type FfmpegCameraOptions } from '../../src/capture/ffmpeg-camera.js'
import type { FfmpegInput } from '../../src/capture/ffmpeg-arguments.js'
import { findFfmpeg, type FfmpegBinary } from '../../src/capture/find-ffmpeg.js'
import {
  bundled,
  childPids,
  makeClip,
  noBundled,
  noSystem,
  openDescriptors,
  system,
} from './sample-clips.js'

const geometry = { width: 320, height: 240, framesPerSecond: 15 }
const never = new AbortController().signal
const folder = t.testdir()
const clip = join(folder, 'clip.mp4')

t.before(async () => {
  await makeClip(clip, '320x240', 3)
})

interface Watched {
  readonly camera: Camera
  readonly states: CameraState[]
  readonly pids: number[]
}

function watch(
  input: FfmpegInput,
  options: Partial<FfmpegCameraOptions> = {},
  binary: FfmpegBinary | undefined = system ?? bundled,
): Watched {
  const states: CameraState[] = []
  const pids: number[] = []
  const camera = createFfmpegCamera({
    input,
    geometry,
    stallTimeoutMs: 3000,
    openTimeoutMs: 10_000,
    backoff: { firstMs: 20, maxMs: 40 },
    findBinary: () => Promise.resolve(binary),
    onState: (state) => states.push(state),
    onChild: (pid) => pids.push(pid),
    ...options,
  })
  camera.start()
  return { camera, states, pids }
}

const causesOf = ({ states }: Watched): string[] =>
  states.flatMap((state) => (state.name === 'degraded' ? [state.cause] : []))

async function until(condition: () => boolean, limitMs = 10_000): Promise<void> {
  const endMs = performance.now() + limitMs
  while (!condition()) {
    if (performance.now() > endMs) throw new Error('waited in vain')
    await delay(10)
  }
}

const binaries: [string, FfmpegBinary | undefined, string | false][] = [
  ['system', system, noSystem],
  ['bundled', bundled, noBundled],
]
for (const [name, binary, skip] of binaries) {
  t.test(`${name} ffmpeg plays a clip in real time to its end`, { skip }, async (t) => {
    const started = performance.now()
    const { camera } = watch({ source: 'file', path: clip }, {}, binary)
    const times: number[] = []
    const pictures = new Set<string>()
    for (;;) {
      const frame = await camera.nextFrame(never)
      if (!frame) break
      t.equal(frame.image.data.length, 320 * 240 * 3)
      times.push(frame.monotonicMs)
      pictures.add(createHash('sha256').update(frame.image.data).digest('hex'))
    }
    const tookMs = performance.now() - started
    t.ok(times.length >= 40 && times.length <= 45, `${times.length} of 45 frames`)
    t.ok(pictures.size >= times.length - 1, `${pictures.size} different pictures`)
    t.ok(tookMs > 2700, `took ${tookMs.toFixed(0)} ms for 3 s`)
    t.equal(camera.state.name, 'stopped')
    await camera.stop()
  })

  t.test(`${name} ffmpeg brings any size to the configured one`, { skip }, async (t) => {
    const wide = await makeClip(join(folder, `${name}-wide.mp4`), '640x180', 1)
    const { camera } = watch({ source: 'file', path: wide }, {}, binary)
    const frame = await camera.nextFrame(never)
    t.equal(frame?.image.data.length, 320 * 240 * 3)
    const row = (y: number) => frame?.image.data.subarray(y * 320 * 3, (y + 1) * 320 * 3)
    t.ok(
      row(20)?.every((value) => value < 8),
      'the rest above is black',
    )
    t.ok(
      row(120)?.some((value) => value > 100),
      'the picture is in the middle',
    )
    await camera.stop()
  })
}

t.test('a rate above the wanted one is thinned, not slowed down', async (t) => {
  const slow = { ...geometry, framesPerSecond: 5 }
  const { camera } = watch({ source: 'file', path: clip, durationS: 2 }, { geometry: slow })
  let frames = 0
  while (await camera.nextFrame(never)) frames += 1
  t.ok(frames >= 9 && frames <= 11, `${frames} frames in 2 s at 5 a second`)
  await camera.stop()
})

t.test('a killed ffmpeg is reported and replaced', async (t) => {
  const watched = watch({ source: 'file', path: clip }, { loop: true })
  const before = await watched.camera.nextFrame(never)
  process.kill(watched.pids[0], 'SIGKILL')
  await until(() => watched.pids.length > 1)
  t.match(causesOf(watched), [/killed by SIGKILL/])
  const after = await watched.camera.nextFrame(never)
  t.ok(after && before && after.sequence > before.sequence)
  t.ok(after && before && after.monotonicMs > before.monotonicMs)
  t.equal(watched.camera.state.name, 'ready')
  await watched.camera.stop()
})

t.test('a stopped ffmpeg is seen by the watchdog, killed and replaced', async (t) => {
  const watched = watch({ source: 'file', path: clip }, { loop: true, stallTimeoutMs: 700 })
  await watched.camera.nextFrame(never)
  process.kill(watched.pids[0], 'SIGSTOP')
  await until(() => watched.pids.length > 1)
  t.match(causesOf(watched), [/no frame for 700 ms/])
  t.ok(await watched.camera.nextFrame(never))
  t.throws(() => process.kill(watched.pids[0], 0), { code: 'ESRCH' }, 'and it is gone')
  await watched.camera.stop()
})

t.test('files that hold no video are reported with the cure', async (t) => {
  const garbage = join(folder, 'garbage.mp4')
  writeFileSync(garbage, Buffer.alloc(100_000, 0x5a))
  writeFileSync(join(folder, 'empty.mp4'), '')
  writeFileSync(join(folder, 'list.txt'), `ffconcat version 1.0\nfile ${clip}\n`)
  const playlist = ['#EXTM3U', '#EXT-X-TARGETDURATION:3', '#EXTINF:3,', clip, '#EXT-X-ENDLIST', '']
  writeFileSync(join(folder, 'list.m3u8'), playlist.join('\n'))
  for (const [path, cure] of [
    [garbage, /no readable video|whitelist|plain video/],
    [join(folder, 'empty.mp4'), /no readable video/],
    [join(folder, 'missing.mp4'), /the file is there/],
    [join(folder, 'list.txt'), /plain video|no readable video/],
    [join(folder, 'list.m3u8'), /plain video|no readable video/],
  ] as const) {
    const { camera } = watch({ source: 'file', path })
    await until(() => camera.state.name === 'degraded')
    t.match(camera.state, { name: 'degraded', cure }, path)
    t.equal(await camera.nextFrame(AbortSignal.timeout(50)), undefined)
    await camera.stop()
  }
})

t.test('a missing device is reported and tried again', async (t) => {
  const watched = watch({ source: 'v4l2', device: '/dev/video99' })
  await until(() => watched.pids.length >= 3)
  t.match(watched.camera.state, {
    name: 'degraded',
    cause: /\/dev\/video99: No such file or directory/,
    cure: /plugged in/,
  })
  t.equal(watched.states.length, 1, 'the same fault is told once')
  await watched.camera.stop()
})

t.test('without any ffmpeg the cure is to install it', async (t) => {
  const none = join(folder, 'no-programs')
  mkdirSync(none)
  const findBinary = () => findFfmpeg({ searchPath: none, allowBundled: false })
  const { camera } = watch({ source: 'file', path: clip }, { findBinary })
  await until(() => camera.state.name === 'degraded')
  t.match(camera.state, { cause: /no FFmpeg/, cure: /apt install ffmpeg/ })
  await camera.stop()
})

t.test('a program named ffmpeg that is none is passed over', async (t) => {
  const fake = join(folder, 'fake-programs')
  mkdirSync(fake)
  symlinkSync('/bin/true', join(fake, 'ffmpeg'))
  t.equal(await findFfmpeg({ searchPath: fake, allowBundled: false }), undefined)
  t.equal((await findFfmpeg({ searchPath: `relative:${fake}` }))?.origin, bundled?.origin)
})

t.test('the bundled ffmpeg is not let onto a network', { skip: noBundled }, async (t) => {
  const watched = watch({ source: 'rtsp', url: 'rtsp://127.0.0.1:9/x' }, {}, bundled)
  await until(() => watched.camera.state.name === 'degraded')
  t.match(watched.camera.state, { cause: /too old/, cure: /apt install ffmpeg/ })
  t.equal(watched.pids.length, 0)
  await watched.camera.stop()
})

t.test('a slow reader sees the newest frame, and memory stays flat', async (t) => {
  const { camera } = watch({ source: 'file', path: clip })
  await camera.nextFrame(never)
  const external = process.memoryUsage().arrayBuffers
  const ages: number[] = []
  let skipped = 0
  let last: number | undefined
  for (let i = 0; i < 6; i++) {
    await delay(300)
    const frame = await camera.nextFrame(never)
    if (!frame) break
    ages.push(performance.now() - frame.monotonicMs)
    skipped += last === undefined ? 0 : frame.sequence - last - 1
    last = frame.sequence
  }
  t.ok(skipped >= 10, `skipped ${skipped}`)
  t.ok(Math.max(...ages) < 500, `oldest was ${Math.max(...ages).toFixed(0)} ms old`)
  t.ok(process.memoryUsage().arrayBuffers - external < 20e6)
  await camera.stop()
})

t.test('stopping leaves no process, whenever it comes', async (t) => {
  for (const waitMs of [0, 1, 20, 60, 200, 500]) {
    const { camera } = watch({ source: 'file', path: clip }, { loop: true })
    await delay(waitMs)
    const started = performance.now()
    await camera.stop()
    t.ok(performance.now() - started < 1000, `after ${waitMs} ms`)
    t.same(childPids(), [], 'no child, not even a zombie')
  }
})

t.test('12 times gone and back: no descriptor and no process is left over', async (t) => {
  const path = join(folder, 'pluggable.mp4')
  const watched = watch({ source: 'file', path }, { loop: true })
  const counts: number[] = []
  for (let i = 0; i < 12; i++) {
    symlinkSync(clip, path)
    await watched.camera.nextFrame(never)
    rmSync(path)
    const running = watched.pids.at(-1)
    if (running !== undefined) process.kill(running, 'SIGKILL')
    await until(() => watched.camera.state.name === 'degraded')
    await until(() => causesOf(watched).filter((cause) => cause.includes('No such')).length > i)
    counts.push(openDescriptors())
  }
  await watched.camera.stop()
  t.same(childPids(), [])
  t.ok(openDescriptors() <= counts[0], `${openDescriptors()} descriptors, ${counts[0]} at first`)
  t.ok(Math.max(...counts.slice(6)) <= Math.max(...counts.slice(0, 6)) + 1, counts.join(' '))
})
