import { spawn, type ChildProcess } from 'node:child_process'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import t from 'tap'
import type { CameraState } from '../../src/capture/camera.js'
import { createFfmpegCamera } from '../../src/capture/ffmpeg-camera.js'
import { childPids, makeClip, noSystem, system } from './sample-clips.js'

/**
 * As much of RTSP 1.0 (RFC 2326) as an FFmpeg that records to it and one that plays from it need,
 * over TCP with interleaved packets.
 */
async function startRelay() {
  const players = new Set<Socket>()
  let description = ''
  let transport = ''
  let forwarding = true

  const answer = (socket: Socket, request: string, body: string): void => {
    const [method] = request.split(' ', 1)
    const header = (name: string) => new RegExp(`^${name}: *(.*)$`, 'im').exec(request)?.[1].trim()
    if (header('Transport')?.includes('UDP')) {
      socket.write(`RTSP/1.0 461 Unsupported transport\r\nCSeq: ${header('CSeq') ?? ''}\r\n\r\n`)
      return
    }
    if (method === 'ANNOUNCE') description = body
    if (method === 'SETUP') transport = header('Transport') ?? ''
    const lines = [`RTSP/1.0 200 OK`, `CSeq: ${header('CSeq') ?? ''}`, 'Session: 1']
    if (method === 'SETUP') lines.push(`Transport: ${transport}`)
    if (method === 'OPTIONS') lines.push('Public: DESCRIBE, SETUP, PLAY, ANNOUNCE, RECORD')
    if (method === 'DESCRIBE') {
      lines.push('Content-Type: application/sdp', `Content-Length: ${description.length}`)
    }
    socket.write(`${lines.join('\r\n')}\r\n\r\n${method === 'DESCRIBE' ? description : ''}`)
    if (method === 'PLAY') players.add(socket)
  }

  const serve = (socket: Socket): void => {
    let pending = Buffer.alloc(0)
    socket.on('error', () => undefined).on('close', () => players.delete(socket))
    socket.on('data', (chunk) => {
      pending = Buffer.concat([pending, chunk])
      for (;;) {
        if (pending[0] === 0x24) {
          const end = pending.length < 4 ? Infinity : 4 + pending.readUInt16BE(2)
          if (pending.length < end) return
          const packet = pending.subarray(0, end)
          if (forwarding && !players.has(socket)) for (const player of players) player.write(packet)
          pending = pending.subarray(end)
          continue
        }
        const headEnd = pending.indexOf('\r\n\r\n')
        if (headEnd < 0) return
        const head = pending.toString('latin1', 0, headEnd)
        const length = Number(/^Content-Length: *(\d+)/im.exec(head)?.[1] ?? 0)
        if (pending.length < headEnd + 4 + length) return
        answer(socket, head, pending.toString('latin1', headEnd + 4, headEnd + 4 + length))
        pending = pending.subarray(headEnd + 4 + length)
      }
    })
  }
  const server = createServer(serve)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `rtsp://127.0.0.1:${port}/stream`,
    isFed: () => description !== '',
    forward: (on: boolean) => (forwarding = on),
    hangUp: () => {
      for (const player of players) player.destroy()
    },
    close: () => new Promise((resolve) => server.close(resolve)),
  }
}

async function until(condition: () => boolean, limitMs = 20_000): Promise<void> {
  const endMs = performance.now() + limitMs
  while (!condition()) {
    if (performance.now() > endMs) throw new Error('waited in vain')
    await delay(10)
  }
}

t.test(
  'an RTSP camera is shown, and survives a hang-up and a silence',
  { skip: noSystem },
  async (t) => {
    const clip = await makeClip(join(t.testdir(), 'clip.mp4'), '320x240', 3)
    const relay = await startRelay()
    const output = ['-c', 'copy', '-f', 'rtsp', '-rtsp_transport', 'tcp', relay.url]
    const feed: ChildProcess = spawn(
      system?.path ?? 'ffmpeg',
      ['-v', 'error', '-re', '-stream_loop', '-1', '-i', clip, ...output],
      { stdio: 'ignore' },
    )
    t.teardown(() => feed.kill('SIGKILL'))
    await until(relay.isFed)

    const states: CameraState[] = []
    const camera = createFfmpegCamera({
      input: { source: 'rtsp', url: relay.url },
      geometry: { width: 160, height: 120, framesPerSecond: 15 },
      stallTimeoutMs: 1500,
      openTimeoutMs: 15_000,
      backoff: { firstMs: 20, maxMs: 40 },
      findBinary: () => Promise.resolve(system),
      onState: (state) => states.push(state),
    })
    const never = new AbortController().signal
    const causes = () => states.flatMap((state) => (state.name === 'degraded' ? [state.cause] : []))
    camera.start()
    for (let i = 0; i < 10; i++) {
      t.equal((await camera.nextFrame(never))?.image.data.length, 160 * 120 * 3)
    }

    relay.hangUp()
    await until(() => causes().length === 1)
    t.match(camera.state, { name: 'degraded' })
    t.ok(await camera.nextFrame(never), 'reopened after the hang-up')

    relay.forward(false)
    await until(() => causes().length === 2)
    t.match(causes()[1], /no frame for 1500 ms/)
    relay.forward(true)
    t.ok(await camera.nextFrame(never), 'reopened after the silence')

    await camera.stop()
    const fed = new Promise((resolve) => feed.once('close', resolve))
    feed.kill('SIGKILL')
    await fed
    await relay.close()
    t.same(childPids(), [])
  },
)
