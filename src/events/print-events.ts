import { connect, type IClientOptions } from 'mqtt'

import { BrokerFault, explainError } from './broker-fault.js'
import {
  brokerOptionsSchema,
  readBrokerSecrets,
  type BrokerOptionsInput,
} from './broker-options.js'
import {
  decisionMessageSchema,
  doorMessageSchema,
  grantMessageSchema,
  statusMessageSchema,
  type DoorMessage,
} from './messages.js'
import { allDoorsFilters } from './topics.js'

/** What to listen to, and where to print. */
export interface PrintEventsOptions {
  /** MQTT 3.1.1 unless told otherwise, since every broker speaks it, the embedded one alone. */
  readonly broker: BrokerOptionsInput
  readonly prefix: string
  /** Prints each payload as it came, one JSON line a message, instead of a sentence. */
  readonly json?: boolean
  readonly write: (line: string) => void
  /** Ends listening. */
  readonly signal: AbortSignal
}

const RECONNECT_MS = 2000

/** Takes what could steer a terminal out of a text from outside. */
function harmless(text: string): string {
  return text.replace(
    /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu,
    (character) => `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`,
  )
}

function parse(payload: string): unknown {
  try {
    return JSON.parse(payload)
  } catch {
    return undefined
  }
}

function doorLine(message: DoorMessage): string {
  switch (message.kind) {
    case 'actuation': {
      const { cause, result } = message
      const why = cause.kind === 'grant' ? 'grant' : `${cause.by}: ${cause.reason}`
      const how =
        result.outcome === 'opened'
          ? 'opened'
          : result.outcome === 'refused'
            ? `not opened, ${result.detail}`
            : `NOT OPENED, ${result.cause}; ${result.cure}`
      return `${how} (${why})`
    }
    case 'lockdown':
      return `lockdown ${message.on ? 'on' : 'off'} (${message.by}: ${message.reason})`
    case 'alarm':
      return `alarm ${message.alarm} ${message.raised ? 'raised' : 'ended'}`
  }
}

function describe(topic: string, payload: string): string {
  const content = parse(payload)
  const decision = decisionMessageSchema.safeParse(content)
  if (decision.success) {
    const { data } = decision
    const how = data.outcome === 'granted' ? data.person.name : `${data.reason}: ${data.detail}`
    return `${data.decidedAt} ${data.door} ${data.outcome} ${how}${data.late ? ' (late)' : ''}`
  }
  const door = doorMessageSchema.safeParse(content)
  if (door.success) {
    const { data } = door
    return `${data.at} ${data.door} ${doorLine(data)}${data.late ? ' (late)' : ''}`
  }
  const grant = grantMessageSchema.safeParse(content)
  if (grant.success) {
    return `${grant.data.decidedAt} ${grant.data.door} grant ${grant.data.sequence} until ${grant.data.expiresAt}`
  }
  const status = statusMessageSchema.safeParse(content)
  if (status.success) {
    const { state, at, cause, cure } = status.data
    return [at ?? '-', topic, state, cause, cure].filter((part) => part !== null).join(' ')
  }
  return `- ${topic} not a message of genkan (${payload.length} bytes)`
}

/** One line for a message on the wire; hostile content comes out harmless. */
export function eventLine(topic: string, payload: Buffer, json: boolean): string {
  const text = payload.subarray(0, 64 * 1024).toString('utf8')
  return harmless(json ? text : describe(topic, text))
}

/**
 * Prints every door's messages under the prefix until the signal, through broker restarts.
 * @throws BrokerFault when the first connection fails or the broker refuses the subscription
 */
export async function printEvents(options: PrintEventsOptions): Promise<void> {
  const broker = brokerOptionsSchema.parse({ protocolVersion: 4, ...options.broker })
  const { password, ca, cert, key } = readBrokerSecrets(broker)
  const clientOptions: IClientOptions = {
    protocolVersion: broker.protocolVersion,
    clean: true,
    reconnectPeriod: RECONNECT_MS,
    keepalive: broker.keepaliveSeconds,
    connectTimeout: broker.connectTimeoutMs,
    rejectUnauthorized: true,
    log: () => undefined,
    ...(broker.username !== undefined && { username: broker.username }),
    ...(password !== undefined && { password }),
    ...(ca && { ca }),
    ...(cert && { cert }),
    ...(key && { key }),
  }
  if (options.signal.aborted) return
  await new Promise<void>((resolve, reject) => {
    let wasConnected = false
    const client = connect(broker.url, clientOptions)
    const finish = (fault?: BrokerFault): void => {
      options.signal.removeEventListener('abort', onAbort)
      client.end(true)
      if (fault) reject(fault)
      else resolve()
    }
    const onAbort = (): void => finish()
    options.signal.addEventListener('abort', onAbort)
    client.on('message', (topic, payload) =>
      options.write(eventLine(topic, payload, options.json ?? false)),
    )
    client.on('error', (error) => {
      if (!wasConnected) finish(explainError(error, broker.url))
    })
    client.on('connect', () => {
      if (wasConnected) return
      wasConnected = true
      client.subscribe(allDoorsFilters(options.prefix), { qos: 1 }, (error) => {
        if (!error) return
        finish(
          new BrokerFault({
            cause: `the broker refuses to let this user read ${options.prefix}/#`,
            cure: "give the user read access to genkan's topics in the broker's access list",
            error,
          }),
        )
      })
    })
  })
}
