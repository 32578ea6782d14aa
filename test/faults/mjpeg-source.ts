import { createServer } from 'node:http'
import type { ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'

import sharp from 'sharp'

import { readClip } from '../../src/capture/clip-reader.js'
import { encodeJpeg } from '../../src/frame/decode.js'
import { assetPath } from '../../src/models/registry.js'
import type { Test } from './running-daemon.js'

/** What the camera at the other end of the wire does. */
export type Behaviour = 'good' | 'gone' | 'frozen' | 'silent' | 'garbage' | 'small'

const FRAMES_PER_SECOND = 12

async function picturesOfMan(): Promise<Buffer[]> {
  const pictures: Buffer[] = []
  const clip = readClip(assetPath('franck.mp4'), {
    framesPerSecond: FRAMES_PER_SECOND,
    startS: 0,
    durationS: 8,
  })
  for await (const { image } of clip) pictures.push(Buffer.from(await encodeJpeg(image, 85)))
  return pictures
}

/** A network camera that shows the man of the clip, until it is told to misbehave. */
export async function startMjpegSource(t: Test) {
  const pictures = await picturesOfMan()
  const small = await Promise.all(
    pictures.slice(0, 24).map((picture) => sharp(picture).resize(320, 240).jpeg().toBuffer()),
  )
  const sockets = new Set<Socket>()
  const viewers = new Set<ServerResponse>()
  let behaviour: Behaviour = 'good'
  let sent = 0

  const server = createServer((_request, response) => {
    if (behaviour === 'gone') {
      response.destroy()
      return
    }
    response.writeHead(200, { 'Content-Type': 'multipart/x-mixed-replace;boundary=frame' })
    viewers.add(response)
    response.on('close', () => viewers.delete(response))
  })
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })

  function pictureNow(): Buffer | undefined {
    switch (behaviour) {
      case 'good':
        return pictures[sent++ % pictures.length]
      case 'small':
        return small[sent++ % small.length]
      case 'frozen':
        return pictures[0]
      case 'garbage':
        return Buffer.alloc(20_000, `not a picture ${Math.random()}`)
      case 'gone':
      case 'silent':
        return undefined
    }
  }

  const timer = setInterval(() => {
    const picture = pictureNow()
    if (!picture) return
    const head = `--frame\r\nContent-Type: image/jpeg\r\nContent-Length: ${picture.length}\r\n\r\n`
    for (const viewer of viewers) {
      // As a camera does: a picture that finds the line still full is dropped, not kept for later.
      if (viewer.writableLength > 0) continue
      viewer.write(head)
      viewer.write(picture)
      viewer.write('\r\n')
    }
  }, 1000 / FRAMES_PER_SECOND)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(async () => {
    clearInterval(timer)
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/video.mjpg`,
    behave(next: Behaviour) {
      behaviour = next
      if (next === 'gone') for (const socket of sockets) socket.destroy()
    },
  }
}
