import { get as getPlain } from 'node:http'
import type { IncomingMessage } from 'node:http'
import { get as getSecure } from 'node:https'
import { isLoopback } from '../admin/loopback.js'
import type { Config } from '../config/schema.js'

/** Where the daemon on this machine says whether its door decides. */
export function readyAddress({ host, port, allowPlainHttp, tls }: Config['admin']): URL {
  const everywhere = host === '0.0.0.0' || host === '::'
  const at = everywhere ? '127.0.0.1' : host.includes(':') ? `[${host}]` : host
  const isPlain = tls.cert === undefined && (isLoopback(host) || allowPlainHttp)
  return new URL(`${isPlain ? 'http' : 'https'}://${at}:${port}/ready`)
}

/**
 * Asks the daemon once. Never rejects.
 * @returns whether it answered that it is ready
 */
export function isReady(address: URL, timeoutMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    const answered = ({ statusCode }: IncomingMessage) => {
      resolve(statusCode === 200)
      request.destroy()
    }
    // The certificate is often the daemon's own; nothing is told to whoever answers.
    const request =
      address.protocol === 'https:'
        ? getSecure(address, { timeout: timeoutMs, rejectUnauthorized: false }, answered)
        : getPlain(address, { timeout: timeoutMs }, answered)
    request.on('timeout', () => request.destroy())
    request.on('error', () => resolve(false))
    request.on('close', () => resolve(false))
  })
}
