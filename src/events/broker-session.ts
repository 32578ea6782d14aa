import { MqttClient, type IClientOptions, type IClientPublishOptions } from 'mqtt'

import {
  BrokerFault,
  explainDisconnect,
  explainError,
  explainRefusal,
  explainSubscription,
} from './broker-fault.js'
import { readBrokerSecrets, type BrokerOptions } from './broker-options.js'
import { brokerAddress, openBrokerStream, type BrokerStream } from './broker-stream.js'
import { watchPings, watchReaders } from './packet-watch.js'
import { createPendingWork } from './pending-work.js'
import type { IncomingMessage } from './subscriptions.js'

/** A message on its way. */
export interface OutgoingMessage {
  readonly topic: string
  readonly payload: string
  readonly retain?: boolean
  /** MQTT 5: name of the payload's schema. */
  readonly schema: string
  /** MQTT 5: id that ties messages of one decision together. */
  readonly correlationId?: string | Buffer
  /** MQTT 5: the broker drops it when it could not hand it on for so long. */
  readonly expirySeconds?: number
}

/**
 * One connection to the broker, from CONNECT to its end; the next one is a new object.
 *
 * The MQTT client's own reconnecting, stores and offline queue stay unused, so nothing can be sent twice
 * behind our back: what must be repeated is in the outbox, what must not is in no queue at all.
 */
export interface BrokerSession {
  /** Whether bytes can be sent now. */
  readonly connected: boolean
  /** Resolves at the end of the connection with the reason; never rejects. */
  readonly closed: Promise<BrokerFault>
  /**
   * Sends at QoS 1; resolves after PUBACK, with whether the broker has anyone to hand it to (MQTT 5
   * reason code 0x10; true where the broker doesn't say).
   * @throws BrokerFault when refused, unanswered in time, or cut off
   */
  publish(message: OutgoingMessage): Promise<{ readonly hasReaders: boolean }>
  /**
   * Sends at QoS 0, at once or not at all, with a PINGREQ behind it: brokers take packets in order, so
   * the PINGRESP tells that the message was taken. Without it in time the connection is reset, which
   * takes the bytes back from the kernel.
   * @returns whether the broker has it
   */
  publishNow(message: OutgoingMessage, withinMs: number): Promise<boolean>
  /**
   * Asks for messages at QoS 1, told to {@link SessionOptions.onMessage}.
   * @throws BrokerFault when refused, unanswered in time, or cut off
   */
  subscribe(
    filters: readonly { readonly filter: string; readonly asSent: boolean }[],
  ): Promise<void>
  /** Sends DISCONNECT, so that the broker drops the last will, and closes. */
  end(): Promise<void>
  /** Cuts the connection, dropping whatever was not sent. */
  abort(reason: BrokerFault): void
}

/** What a session needs beyond the broker's options. */
export interface SessionOptions {
  readonly broker: BrokerOptions
  readonly clientId: string
  /** The last will, retained. */
  readonly will?: OutgoingMessage
  /** Longest wait for a PUBACK. */
  readonly ackTimeoutMs: number
  readonly onMessage?: (message: IncomingMessage) => void
  /** Gives up connecting. */
  readonly signal: AbortSignal
}

const MAX_INCOMING_BYTES = 64 * 1024

function properties(message: OutgoingMessage): NonNullable<IClientPublishOptions['properties']> {
  return {
    payloadFormatIndicator: true,
    contentType: 'application/json',
    userProperties: { schema: message.schema },
    ...(message.correlationId !== undefined && {
      correlationData:
        typeof message.correlationId === 'string'
          ? Buffer.from(message.correlationId)
          : message.correlationId,
    }),
    ...(message.expirySeconds !== undefined && { messageExpiryInterval: message.expirySeconds }),
  }
}

function clientOptions(options: SessionOptions, password: string | undefined): IClientOptions {
  const { broker, clientId, will } = options
  const version5 = broker.protocolVersion === 5
  return {
    protocolId: 'MQTT',
    protocolVersion: broker.protocolVersion,
    clientId,
    clean: true,
    reconnectPeriod: 0,
    queueQoSZero: false,
    keepalive: broker.keepaliveSeconds,
    connectTimeout: broker.connectTimeoutMs,
    log: () => undefined,
    ...(broker.username !== undefined && { username: broker.username }),
    ...(password !== undefined && { password }),
    ...(version5 && {
      properties: { sessionExpiryInterval: 0, maximumPacketSize: MAX_INCOMING_BYTES },
    }),
    ...(will && {
      will: {
        topic: will.topic,
        payload: Buffer.from(will.payload),
        qos: 1,
        retain: true,
        ...(version5 && { properties: properties(will) }),
      },
    }),
  }
}

function createSession(
  client: MqttClient,
  wire: BrokerStream,
  closed: Promise<BrokerFault>,
  setReason: (fault: BrokerFault) => void,
  ackTimeoutMs: number,
): BrokerSession {
  const work = createPendingWork(closed)
  const pings = watchPings(client)
  const readers = watchReaders(client)

  function abort(reason: BrokerFault): void {
    setReason(reason)
    wire.reset()
    client.end(true)
  }

  async function publishAcknowledged(message: OutgoingMessage): Promise<{ hasReaders: boolean }> {
    let messageId = 0
    await work.begin(ackTimeoutMs, ({ resolve, reject }) => {
      if (!client.connected) {
        void closed.then(reject)
        return
      }
      client.publish(
        message.topic,
        message.payload,
        { qos: 1, retain: message.retain ?? false, properties: properties(message) },
        (error) => {
          if (!error) resolve()
          else if ('code' in error) reject(explainRefusal(error, message.topic))
        },
      )
      messageId = client.getLastMessageId()
    })
    return { hasReaders: readers.hadReaders(messageId) }
  }

  return {
    get connected() {
      return client.connected
    },
    closed,
    abort,

    async publish(message) {
      try {
        return await publishAcknowledged(message)
      } catch (error) {
        const fault = explainError(error, message.topic)
        if (!fault.refusal) abort(fault)
        throw fault
      }
    },

    async publishNow(message, withinMs) {
      if (!client.connected) return false
      try {
        await work.begin(withinMs, ({ resolve }) => {
          client.publish(message.topic, message.payload, {
            qos: 0,
            retain: false,
            properties: properties(message),
          })
          pings.ping(resolve)
        })
        return true
      } catch (error) {
        abort(explainError(error, message.topic))
        return false
      }
    },

    subscribe: (filters) =>
      work.begin(ackTimeoutMs, ({ resolve, reject }) => {
        const map = Object.fromEntries(
          filters.map(({ filter, asSent }) => [filter, { qos: 1, rap: asSent } as const]),
        )
        client.subscribe(map, (error, granted) => {
          const refused = granted?.find(({ qos }) => qos > 2)
          if (!error && refused === undefined) resolve()
          else reject(explainSubscription(refused?.topic ?? Object.keys(map).join(', '), error))
        })
      }),

    async end() {
      setReason(new BrokerFault({ cause: 'stopped', cure: 'start genkan' }))
      client.end(false)
      const deadline = setTimeout(() => wire.reset(), ackTimeoutMs)
      await closed
      clearTimeout(deadline)
    },
  }
}

/**
 * Connects and logs in.
 * @throws BrokerFault with cause and cure
 */
export function openBrokerSession(options: SessionOptions): Promise<BrokerSession> {
  const { host, port } = brokerAddress(options.broker)
  const where = `${host}:${port}`
  return new Promise((resolve, reject) => {
    const secrets = readBrokerSecrets(options.broker)
    const wire = openBrokerStream(options.broker, secrets)
    let reason: BrokerFault | undefined
    const setReason = (fault: BrokerFault): void => {
      reason ??= fault
    }
    wire.stream.on('error', (error) => setReason(explainError(error, where)))
    const client = new MqttClient(() => wire.stream, clientOptions(options, secrets.password))

    const giveUp = (): void => {
      wire.reset()
      client.end(true)
    }
    const closed = new Promise<BrokerFault>((settle) => {
      client.on('close', () => {
        options.signal.removeEventListener('abort', giveUp)
        client.end(true)
        settle(
          reason ??
            new BrokerFault({
              cause: `the broker closed the connection (${where})`,
              cure: 'see the log of the broker; two clients with one client id look like this too',
            }),
        )
      })
    })
    client.on('error', (error) => setReason(explainError(error, where)))
    client.on('disconnect', (packet) => setReason(explainDisconnect(packet.reasonCode ?? 0, where)))
    client.on('message', (topic, payload, { retain, properties }) => {
      options.onMessage?.({
        topic,
        payload,
        retained: retain,
        responseTopic: properties?.responseTopic,
        correlationData: properties?.correlationData,
      })
    })
    const session = createSession(client, wire, closed, setReason, options.ackTimeoutMs)
    void closed.then(reject)
    client.on('connect', () => {
      options.signal.removeEventListener('abort', giveUp)
      resolve(session)
    })
    options.signal.addEventListener('abort', giveUp)
    if (options.signal.aborted) giveUp()
  })
}
