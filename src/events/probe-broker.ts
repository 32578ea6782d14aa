import { randomBytes } from 'node:crypto'

import type { BrokerOptions } from './broker-options.js'
import { openBrokerSession } from './broker-session.js'

/**
 * Connects once, under a client id of its own so that a running daemon keeps its line, and leaves again.
 * @returns ms from the first byte to the accepted login
 * @throws BrokerFault with cause and cure
 */
export async function probeBroker(broker: BrokerOptions, signal: AbortSignal): Promise<number> {
  const startedAt = performance.now()
  const session = await openBrokerSession({
    broker,
    clientId: `genkan-probe-${randomBytes(4).toString('hex')}`,
    ackTimeoutMs: broker.connectTimeoutMs,
    signal,
  })
  const tookMs = performance.now() - startedAt
  await session.end()
  return tookMs
}
