import { randomBytes } from 'node:crypto'
import { readerOptionsFor } from '../broker.js'
import { brokerOptionsSchema } from '../events/broker-options.js'
import { openBrokerSession } from '../events/broker-session.js'
import { discoveryTopic } from '../events/home-assistant.js'
import { loadSetup } from './setup.js'
import type { SetupOptions } from './setup.js'

/**
 * `genkan ha-remove`: takes the door out of Home Assistant, also while the daemon is stopped.
 * @throws BrokerFault with cause and cure
 */
export async function removeFromHomeAssistant(options: SetupOptions): Promise<string> {
  const { mqtt, door } = loadSetup(options)
  const topic = discoveryTopic(mqtt.homeAssistant.prefix, door.id)
  const session = await openBrokerSession({
    broker: brokerOptionsSchema.parse({
      ...readerOptionsFor(mqtt, undefined),
      protocolVersion: mqtt.protocolVersion,
    }),
    clientId: `genkan-remove-${randomBytes(4).toString('hex')}`,
    ackTimeoutMs: mqtt.connectTimeoutMs,
    signal: new AbortController().signal,
  })
  try {
    await session.publish({ topic, payload: '', retain: true, schema: 'homeassistant' })
  } finally {
    await session.end()
  }
  return mqtt.homeAssistant.enabled
    ? `removed ${topic}; set mqtt.homeAssistant.enabled to false, or a running daemon announces it again`
    : `removed ${topic}`
}
