import { randomBytes, timingSafeEqual } from 'node:crypto'
import { createServer, type Server } from 'node:net'

import { Aedes, type Client } from 'aedes'

import { BrokerFault } from './broker-fault.js'
import { brokerOptionsSchema, type BrokerOptions } from './broker-options.js'

/** A running broker inside the process. */
export interface EmbeddedBroker {
  /** For readers on this machine; no user name needed, MQTT 3.1.1. */
  readonly url: string
  readonly port: number
  /** How the daemon itself connects; the only one that may publish. */
  readonly clientOptions: BrokerOptions
  close(): Promise<void>
}

const MAX_CONNECTIONS = 32
const USERNAME = 'genkan'

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      reject(
        error.code === 'EADDRINUSE'
          ? new BrokerFault({
              cause: `port ${port} on 127.0.0.1 is taken, most likely by another MQTT broker`,
              cure: `set mqtt.url to mqtt://127.0.0.1:${port} to use that one, or give the embedded broker another port`,
              error,
            })
          : new BrokerFault({
              cause: `the embedded broker can't listen on port ${port} (${error.code ?? error.message})`,
              cure: 'give it a port above 1023',
              error,
            }),
      )
    })
    server.listen({ host: '127.0.0.1', port }, () => {
      const address = server.address()
      resolve(typeof address === 'object' && address !== null ? address.port : port)
    })
  })
}

/**
 * A broker for the first start, on loopback only. Anyone on the machine may read; only the daemon, by a
 * password made anew at each start, may write, so no local program can forge a grant. It keeps nothing
 * for absent readers but the retained status.
 * @param options.port 1883 by default; 0 for any free one
 * @throws BrokerFault when the port is taken
 */
export async function startEmbeddedBroker(
  options: { readonly port?: number } = {},
): Promise<EmbeddedBroker> {
  const secret = randomBytes(24).toString('base64url')
  const writers = new WeakSet<Client>()
  const broker = await Aedes.createBroker({
    authenticate: (client, username, password, done) => {
      const expected = Buffer.from(secret)
      const isWriter =
        username === USERNAME &&
        password?.length === expected.length &&
        timingSafeEqual(password, expected)
      if (isWriter) writers.add(client)
      done(null, isWriter || username === undefined)
    },
    authorizePublish: (client, packet, done) => {
      if (client === null) {
        done()
        return
      }
      done(writers.has(client) ? null : new Error(`readers may not publish on ${packet.topic}`))
    },
    authorizeSubscribe: (_client, subscription, done) => done(null, { ...subscription, qos: 0 }),
  })
  const server = createServer((socket) => void broker.handle(socket))
  server.maxConnections = MAX_CONNECTIONS
  const closeBroker = (): Promise<void> =>
    new Promise((resolve) => {
      broker.close(() => resolve())
    })
  try {
    const port = await listen(server, options.port ?? 1883)
    const url = `mqtt://127.0.0.1:${port}`
    return {
      url,
      port,
      clientOptions: brokerOptionsSchema.parse({
        url,
        protocolVersion: 4,
        username: USERNAME,
        password: secret,
      }),
      async close() {
        const stopped = new Promise<void>((resolve) => {
          server.close(() => resolve())
        })
        await closeBroker()
        await stopped
      },
    }
  } catch (error) {
    await closeBroker()
    throw error
  }
}
