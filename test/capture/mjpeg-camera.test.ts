import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import sharp from 'sharp'
import t from 'tap'
import type { CameraState } from '../../src/capture/camera.js'
import { createFfmpegCamera } from '../../src/capture/ffmpeg-camera.js'
import { childPids, noSystem, system } from './sample-clips.js'

/** What the camera at the other end of the wire does. */
type Behaviour = 'good' | 'broken' | 'silent' | 'dies'

const never = new AbortController().signal

async function jpegOf(grey: number): Promise<Buffer> {
  const background = { r: grey, g: 128, b: 255 - grey }
  return sharp({ create: { width: 320, height: 240, channels: 3, background } })
    .jpeg()
    .toBuffer()
}

/** A network camera that sends a JPEG picture 20 times a second and asks for a password. */
async function startServer() {
  const pictures = await Promise.all([0, 60, 120, 180].map(jpegOf))
  let behaviour: Behaviour = 'good'
  const sentAtMs = pictures.map(() => 0)
  const server: Server = createServer((request, response) => {
    const expected = `Basic ${Buffer.from('door:s3cret').toString('base64')}`
    if (request.headers.authorization !== expected) {
      response.writeHead(401, { 'WWW-Authenticate': 'Basic realm="camera"' }).end()
      return
    }
    response.writeHead(200, { 'Content-Type': 'multipart/x-mixed-replace;boundary=frame' })
    let sent = 0
    const timer = setInterval(() => {
      if (behaviour === 'silent') return
      if (behaviour === 'dies' && sent > 5) {
        response.destroy()
        return
      }
      const whole = pictures[sent % pictures.length]
      sentAtMs[sent % pictures.length] = performance.now()
      const picture =
        behaviour === 'broken'
          ? Buffer.concat([whole.subarray(0, 200), Buffer.alloc(whole.length - 200, 0x11)])
          : whole
      response.write(
        `--frame\r\nContent-Type: image/jpeg\r\nContent-Length: ${picture.length}\r\n\r\n`,
      )
      response.write(picture)
      response.write('\r\n')
      sent += 1
    }, 50)
    response.on('close', () => clearInterval(timer))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}/video.mjpg`,
    behave: (next: Behaviour) => (behaviour = next),
    /** When the newest picture of this red was sent. */
    sentAtMs: (red: number) => sentAtMs[Math.min(3, Math.round(red / 60))],
    close: () => {
      server.closeAllConnections()
      return new Promise((resolve) => server.close(resolve))
    },
  }
}

async function until(condition: () => boolean, limitMs = 20_000): Promise<void> {
  const endMs = performance.now() + limitMs
  while (!condition()) {
    if (performance.now() > endMs) throw new Error('waited in vain')
    await delay(10)
  }
}

t.test('an HTTP-MJPEG camera', { skip: noSystem }, async (t) => {
  const passwordFile = join(t.testdir(), 'password')
  writeFileSync(passwordFile, 's3cret\n')

  const watch = (url: string, secret = passwordFile) => {
    const states: CameraState[] = []
    const camera = createFfmpegCamera({
      input: { source: 'mjpeg', url, username: 'door', passwordFile: secret },
      geometry: { width: 320, height: 240, framesPerSecond: 20 },
      stallTimeoutMs: 1000,
      openTimeoutMs: 5000,
      backoff: { firstMs: 20, maxMs: 40 },
      findBinary: () => Promise.resolve(system),
      onState: (state) => states.push(state),
    })
    camera.start()
    t.teardown(() => camera.stop())
    const causes = () => states.flatMap((state) => (state.name === 'degraded' ? [state.cause] : []))
    return { camera, states, causes }
  }

  await t.test('is shown as it comes', async (t) => {
    const server = await startServer()
    const { camera } = watch(server.url)
    const reds = new Set<number>()
    for (let i = 0; i < 12; i++) {
      const frame = await camera.nextFrame(never)
      t.equal(frame?.image.data.length, 320 * 240 * 3)
      reds.add(Math.round((frame?.image.data[0] ?? 0) / 60))
    }
    t.ok(reds.size >= 3, 'the pictures change')
    t.notMatch(camera.description, /s3cret/)
    await camera.stop()
    await server.close()
  })

  await t.test('is shown at its own rate and within the time of a frame', async (t) => {
    const server = await startServer()
    const { camera } = watch(server.url)
    for (let i = 0; i < 10; i++) await camera.nextFrame(never)
    const startMs = performance.now()
    const latenciesMs: number[] = []
    for (let i = 0; i < 40; i++) {
      const frame = await camera.nextFrame(never)
      if (frame) latenciesMs.push(frame.monotonicMs - server.sentAtMs(frame.image.data[0]))
    }
    const tookMs = performance.now() - startMs
    const medianMs = latenciesMs.sort((a, b) => a - b)[20]
    t.ok(medianMs < 40, `median latency ${medianMs.toFixed(1)} ms, a frame lasts 50 ms`)
    t.ok(tookMs < 2700, `40 frames in ${tookMs.toFixed(0)} ms, sent in 2000 ms`)
    await camera.stop()
    await server.close()
  })

  await t.test('that hangs up in mid-stream is reported and reopened', async (t) => {
    const server = await startServer()
    server.behave('dies')
    const { camera, causes } = watch(server.url)
    await until(() => causes().length > 0)
    server.behave('good')
    const frame = await camera.nextFrame(never)
    t.ok(frame)
    t.equal(camera.state.name, 'ready')
    await camera.stop()
    await server.close()
  })

  await t.test('whose server goes and comes back on another day is found again', async (t) => {
    const server = await startServer()
    const { camera, causes } = watch(server.url)
    await camera.nextFrame(never)
    await server.close()
    await until(() => causes().some((cause) => cause.includes('Connection refused')))
    t.notMatch(causes().join('\n'), /s3cret/)
    t.match(camera.state, { name: 'degraded', cure: /power and cable/ })
    await camera.stop()
  })

  await t.test('that falls silent is seen by the watchdog', async (t) => {
    const server = await startServer()
    const { camera, causes } = watch(server.url)
    await camera.nextFrame(never)
    server.behave('silent')
    await until(() => causes().length > 0)
    t.match(causes()[0], /no frame for 1000 ms/)
    server.behave('good')
    t.ok(await camera.nextFrame(never))
    await camera.stop()
    await server.close()
  })

  await t.test('that sends broken JPEG is reported, and no such picture is shown', async (t) => {
    const server = await startServer()
    const { camera, causes } = watch(server.url)
    await camera.nextFrame(never)
    server.behave('broken')
    await until(() => causes().length > 0)
    t.match(causes()[0], /no frame for|FFmpeg ended/)
    const shown = await camera.nextFrame(AbortSignal.timeout(1500))
    t.equal(shown, undefined, 'nothing while it is broken')
    server.behave('good')
    t.ok(await camera.nextFrame(never))
    await camera.stop()
    await server.close()
  })

  await t.test('that refuses the password says so', async (t) => {
    const server = await startServer()
    const wrong = join(t.testdir(), 'wrong')
    writeFileSync(wrong, 'guess')
    const { camera } = watch(server.url, wrong)
    await until(() => camera.state.name === 'degraded')
    t.match(camera.state, { cause: /401/, cure: /passwordFile/ })
    t.notMatch(JSON.stringify(camera.state), /guess/)
    await camera.stop()
    await server.close()
  })

  await t.test('that redirects to a file gets nothing', async (t) => {
    const server = createServer((_request, response) => {
      response.writeHead(302, { Location: 'file:///etc/passwd' }).end()
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    const { camera } = watch(`http://127.0.0.1:${port}/`)
    await until(() => camera.state.name === 'degraded')
    t.match(camera.state, { name: 'degraded' })
    await camera.stop()
    await new Promise((resolve) => server.close(resolve))
  })

  t.same(childPids(), [])
})
