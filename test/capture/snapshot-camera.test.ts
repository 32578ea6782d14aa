import { chmodSync, readdirSync, existsSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import fc from 'fast-check'
import sharp from 'sharp'
import t from 'tap'
import { createSnapshotCamera } from '../../src/capture/snapshot-camera.js'

const folders = (process.env['PATH'] ?? '').split(delimiter)
const skip = folders.some((folder) => existsSync(join(folder, 'fswebcam')))
  ? false
  : 'fswebcam is not installed'
const never = new AbortController().signal
const geometry = { width: 320, height: 240, framesPerSecond: 10 }

function watch(device: string, program?: string, framesPerSecond = 10) {
  const camera = createSnapshotCamera({
    device,
    geometry: { ...geometry, framesPerSecond },
    stallTimeoutMs: 3000,
    backoff: { firstMs: 20, maxMs: 40 },
    ...(program === undefined ? {} : { program }),
  })
  camera.start()
  return camera
}

async function untilDegraded(camera: ReturnType<typeof watch>) {
  for (let i = 0; i < 1000 && camera.state.name !== 'degraded'; i++) await delay(10)
  return camera.state
}

const SHELL_SIGNS = ' \t\n;&|$`\'"()<>*?!#~{}[]\\'.split('')

const leftovers = () => readdirSync(tmpdir()).filter((name) => name.startsWith('genkan-snapshot-'))

t.test('a picture file through fswebcam', { skip }, async (t) => {
  const path = join(t.testdir(), 'picture.png')
  const background = { r: 200, g: 100, b: 50 }
  await sharp({ create: { width: 320, height: 240, channels: 3, background } })
    .png()
    .toFile(path)
  const camera = watch(`FILE:${path}`)
  const frame = await camera.nextFrame(never)
  t.equal(frame?.image.data.length, 320 * 240 * 3)
  const middle = Array.from(frame?.image.data.subarray(320 * 120 * 3, 320 * 120 * 3 + 3) ?? [])
  t.ok(
    middle.every((value, i) => Math.abs(value - [200, 100, 50][i]) < 12),
    String(middle),
  )
  t.equal(camera.state.name, 'ready')
  await camera.stop()
})

t.test("fswebcam's test picture, at a bounded rate", { skip }, async (t) => {
  const camera = watch('TEST:bars', undefined, 4)
  const times: number[] = []
  for (let i = 0; i < 4; i++) times.push((await camera.nextFrame(never))?.monotonicMs ?? 0)
  const gaps = times.slice(1).map((time, i) => time - times[i])
  t.ok(times[3] - times[0] > 600, `gaps of ${gaps.map(Math.round).join(', ')} ms`)
  await camera.stop()
})

t.test('a picture of another size is fitted into the frame', { skip }, async (t) => {
  const path = join(t.testdir(), 'tall.png')
  const white = { create: { width: 100, height: 300, channels: 3, background: '#fff' } } as const
  await sharp(white).png().toFile(path)
  const camera = watch(`FILE:${path}`)
  const frame = await camera.nextFrame(never)
  t.equal(frame?.image.width, 320)
  t.ok((frame?.image.data[120 * 320 * 3] ?? 255) < 16, 'black at the side')
  t.ok((frame?.image.data[(120 * 320 + 160) * 3] ?? 0) > 200, 'the picture in the middle')
  await camera.stop()
})

t.test('what is no camera is reported with the cure', { skip }, async (t) => {
  const text = join(t.testdir(), 'text.png')
  writeFileSync(text, 'no picture')
  for (const [device, cure] of [
    ['/dev/video99', /plugged in/],
    [`FILE:${text}`, /check the camera|no readable/],
    ['FILE:/nowhere.png', /plugged in|the file is there/],
  ] as const) {
    const camera = watch(device)
    t.match(await untilDegraded(camera), { name: 'degraded', cause: /fswebcam/, cure }, device)
    await camera.stop()
  }
})

t.test('broken pictures are reported and never shown', async (t) => {
  const program = join(t.testdir(), 'broken-camera')
  writeFileSync(
    program,
    '#!/bin/sh\nfor last; do :; done\nprintf "\\377\\330\\377garbage" > "$last"\n',
  )
  chmodSync(program, 0o755)
  const camera = watch('/dev/video0', program)
  t.match(await untilDegraded(camera), { cause: /broken picture \(truncated\)/, cure: /cable/ })
  t.equal(await camera.nextFrame(AbortSignal.timeout(100)), undefined)
  await camera.stop()
})

t.test('a program that writes nothing, hangs or is missing is reported', async (t) => {
  const folder = t.testdir()
  const script = (name: string, body: string) => {
    const path = join(folder, name)
    writeFileSync(path, `#!/bin/sh\n${body}\n`)
    chmodSync(path, 0o755)
    return path
  }
  const silent = watch('/dev/video0', script('silent', 'exit 0'))
  t.match(await untilDegraded(silent), { cause: /wrote no picture/ })
  await silent.stop()

  const missing = watch('/dev/video0', 'no-such-program')
  t.match(await untilDegraded(missing), { cause: /not there/, cure: /apt install fswebcam/ })
  await missing.stop()

  const hung = createSnapshotCamera({
    device: '/dev/video0',
    geometry,
    stallTimeoutMs: 300,
    program: script('hung', 'exec sleep 60'),
  })
  hung.start()
  t.match(await untilDegraded(hung), { cause: /no snapshot within 300 ms/ })
  await hung.stop()
})

t.test('nothing reaches the shell through the device', async (t) => {
  const trap = join(t.testdir(), 'trap')
  const attacks = [
    `/dev/video0; touch ${trap}`,
    `FILE:/x.jpg $(touch ${trap})`,
    `TEST:\`touch ${trap}\``,
    `/dev/video0\ntouch ${trap}`,
    `/dev/video0 -c ${trap}`,
    '/dev/../etc/passwd',
    'FILE:relative.jpg',
    '-h',
    '',
  ]
  for (const device of attacks) {
    const camera = watch(device)
    t.match(await untilDegraded(camera), { cause: /not a snapshot device/ }, JSON.stringify(device))
    await camera.stop()
  }
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...SHELL_SIGNS), async (sign) => {
      const camera = watch(`/dev/video0${sign}x`)
      const { name } = await untilDegraded(camera)
      await camera.stop()
      return name === 'degraded'
    }),
    { numRuns: 20 },
  )
  t.notOk(existsSync(trap))
})

t.test('no temporary file is left over', (t) => {
  t.same(leftovers(), [])
  t.end()
})
