import { connect, type IClientOptions, type IPublishPacket } from 'mqtt'

import type { Test } from './mosquitto.js'

/** What a subscriber got. */
export interface Received {
  readonly topic: string
  readonly text: string
  readonly json: Record<string, unknown>
  readonly packet: IPublishPacket
}

function objectIn(text: string): Record<string, unknown> {
  try {
    return JSON.parse(text) as Record<string, unknown>
  } catch {
    return {}
  }
}

/** A subscriber that keeps everything it gets, in order. */
export interface Reader {
  readonly received: Received[]
  /** Of one topic's last level. */
  of(kind: string): Received[]
  /** Ids of the decisions, repeats dropped, in the order of first arrival. */
  decisionIds(): string[]
  end(): Promise<void>
}

/** Subscribes to everything at QoS 1 and reconnects by itself, with a session that outlives the connection. */
export async function startReader(
  t: Test,
  port: number,
  options: IClientOptions = {},
): Promise<Reader> {
  const client = connect(`mqtt://127.0.0.1:${port}`, {
    protocolVersion: 5,
    clientId: `reader-${Math.random().toString(36).slice(2)}`,
    clean: false,
    properties: { sessionExpiryInterval: 3600 },
    reconnectPeriod: 100,
    ...options,
  })
  const received: Received[] = []
  client.on('message', (topic, payload, packet) => {
    const text = payload.toString()
    received.push({ topic, text, json: objectIn(text), packet })
  })
  await new Promise<void>((resolve, reject) => {
    client.once('connect', () => resolve())
    client.once('error', reject)
  })
  await client.subscribeAsync('#', { qos: 1 })
  t.teardown(() => client.endAsync(true))
  return {
    received,
    of: (kind) => received.filter((message) => message.topic.endsWith(`/${kind}`)),
    decisionIds: () => [
      ...new Set(
        received
          .filter((message) => message.topic.endsWith('/decision'))
          .map((message) => String(message.json['id'])),
      ),
    ],
    end: () => client.endAsync(true),
  }
}
