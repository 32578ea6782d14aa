import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A network camera of which it is known what it shows. */
export interface StandInCamera {
  readonly url: string
  close(): Promise<void>
}

/**
 * Sends JPEG pictures one after the other and over again, on 127.0.0.1.
 * @param pictures JPEG files
 */
export async function startStandInCamera(
  pictures: readonly Uint8Array[],
  framesPerSecond: number,
): Promise<StandInCamera> {
  let sent = 0
  const server = createServer((_request, response) => {
    response.writeHead(200, { 'Content-Type': 'multipart/x-mixed-replace;boundary=frame' })
    const timer = setInterval(() => {
      const picture = pictures[sent++ % pictures.length]
      response.write(
        `--frame\r\nContent-Type: image/jpeg\r\nContent-Length: ${picture.length}\r\n\r\n`,
      )
      response.write(picture)
      response.write('\r\n')
    }, 1000 / framesPerSecond)
    response.on('close', () => clearInterval(timer))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}/`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
