import { randomInt } from 'node:crypto'
import { createServer } from 'node:net'

/**
 * Below the ports that systems give to whoever asks for any, to a connection or to a listener on port 0:
 * such a one would take the port of a server that is down for a moment.
 */
const PORTS = { from: 12_000, to: 32_000 } as const
const TRIES = 100

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.on('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}

/**
 * A loopback port that was free a moment ago.
 * @throws Error when there seems to be none
 */
export async function freeLoopbackPort(): Promise<number> {
  for (let tries = 0; tries < TRIES; tries++) {
    const port = randomInt(PORTS.from, PORTS.to)
    if (await isFree(port)) return port
  }
  throw new Error(`no free loopback port among ${TRIES} from ${PORTS.from} to ${PORTS.to}`)
}
