import { connect as connectTcp, isIP, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'

import type { BrokerOptions, BrokerSecrets } from './broker-options.js'

/** A byte stream to the broker whose unsent bytes can be taken back. */
export interface BrokerStream {
  readonly stream: Socket
  /**
   * Ends the connection by RST: the kernel drops what it still holds, where an ordinary close would
   * go on sending it for minutes once the network is back.
   */
  reset(): void
}

const DEFAULT_PORTS = { 'mqtt:': 1883, 'mqtts:': 8883 } as const

/** Host and port of the broker, for messages. */
export function brokerAddress(options: BrokerOptions): { host: string; port: number } {
  const url = new URL(options.url)
  const fallback = url.protocol === 'mqtts:' ? DEFAULT_PORTS['mqtts:'] : DEFAULT_PORTS['mqtt:']
  return {
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port === '' ? fallback : Number(url.port),
  }
}

/**
 * Begins a TCP or TLS connection; the broker's certificate is always checked.
 * @throws Error of OpenSSL for files that are no certificate or key
 */
export function openBrokerStream(options: BrokerOptions, secrets: BrokerSecrets): BrokerStream {
  const { host, port } = brokerAddress(options)
  const socket = connectTcp({ host, port, noDelay: true })
  const reset = (): void => {
    if (!socket.destroyed) socket.resetAndDestroy()
  }
  if (!options.url.startsWith('mqtts:')) return { stream: socket, reset }
  try {
    const secured = connectTls({
      socket,
      host,
      ...(isIP(host) === 0 && { servername: host }),
      ...(secrets.ca && { ca: secrets.ca }),
      ...(secrets.cert && { cert: secrets.cert }),
      ...(secrets.key && { key: secrets.key }),
      minVersion: 'TLSv1.2',
      rejectUnauthorized: true,
    })
    return {
      stream: secured,
      reset: () => {
        reset()
        secured.destroy()
      },
    }
  } catch (error) {
    socket.on('error', () => undefined)
    socket.destroy()
    throw error
  }
}
