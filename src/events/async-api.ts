import { z } from 'zod'

import { COMMAND_NAMES, commandSchemas, responseMessageSchema } from './command-messages.js'
import {
  decisionMessageSchema,
  doorMessageSchema,
  grantMessageSchema,
  MAX_GRANT_LIFE_MS,
  revocationMessageSchema,
  statusMessageSchema,
} from './messages.js'
import { attemptMessageSchema, stateMessageSchema } from './state-message.js'
import { doorTopics } from './topics.js'

type Json = Readonly<Record<string, unknown>>

/** One kind of message on the wire. */
interface Kind {
  readonly name: string
  readonly summary: string
  readonly payload: z.ZodType
  readonly qos: 0 | 1
  readonly retain: boolean
  readonly expirySeconds?: number
  /** Where it goes, if not below the door's topics. */
  readonly address?: string
  /** Who sends it. */
  readonly from: 'genkan' | 'reader'
}

const KINDS: readonly Kind[] = [
  {
    name: 'decision',
    summary: "Every attempt's outcome: history, in order, at least once. Open nothing on it.",
    payload: decisionMessageSchema,
    qos: 1,
    retain: false,
    from: 'genkan',
  },
  {
    name: 'grant',
    summary: 'What may move a door, while it is fresh; never retained, never repeated.',
    payload: grantMessageSchema,
    qos: 0,
    retain: false,
    expirySeconds: MAX_GRANT_LIFE_MS / 1000,
    from: 'genkan',
  },
  {
    name: 'door',
    summary: 'What happened at the door besides decisions: history, in order, at least once.',
    payload: doorMessageSchema,
    qos: 1,
    retain: false,
    from: 'genkan',
  },
  {
    name: 'status',
    summary: 'Whether the daemon is there and well; `offline` is also its last will.',
    payload: statusMessageSchema,
    qos: 1,
    retain: true,
    from: 'genkan',
  },
  {
    name: 'state',
    summary: 'How things stand.',
    payload: stateMessageSchema,
    qos: 1,
    retain: true,
    from: 'genkan',
  },
  {
    name: 'attempt',
    summary:
      'Fresh outcomes for automations that show or log; sent while mqtt.homeAssistant is on.',
    payload: attemptMessageSchema,
    qos: 0,
    retain: false,
    expirySeconds: 5,
    from: 'genkan',
  },
  {
    name: 'response',
    summary: 'The answer to a command that names no response topic of its own below this one.',
    payload: responseMessageSchema,
    qos: 1,
    retain: false,
    expirySeconds: 60,
    from: 'genkan',
  },
  {
    name: 'revocation',
    summary: 'Whom no door of the fleet admits any more; signed, numbered, never retained.',
    payload: revocationMessageSchema,
    address: '{prefix}/fleet/{fleet}/revocation',
    qos: 1,
    retain: false,
    from: 'genkan',
  },
  ...COMMAND_NAMES.map((name): Kind => ({
    name: `command/${name}`,
    summary: `A command, taken only where mqtt.commands.allow holds \`${name}\`.`,
    payload: commandSchemas[name],
    qos: 1,
    retain: false,
    from: 'reader',
  })),
]

/** Schema of the payload as JSON Schema draft 7, which AsyncAPI builds on. */
export function payloadSchema({ payload, from }: Pick<Kind, 'payload' | 'from'>): Json {
  const io = from === 'genkan' ? 'output' : 'input'
  const schema = z.toJSONSchema(payload, { target: 'draft-7', io })
  return Object.fromEntries(Object.entries(schema).filter(([key]) => key !== '$schema'))
}

const idOf = (name: string): string =>
  name.replace(/\/(\w)/g, (_, letter: string) => letter.toUpperCase())

function channel({ name, summary, address = `{prefix}/{door}/${name}` }: Kind): Json {
  return {
    address,
    summary,
    parameters: {
      prefix: { description: 'mqtt.topicPrefix', default: 'genkan' },
      ...(address.includes('{door}')
        ? { door: { description: 'door.id', default: 'front' } }
        : { fleet: { description: 'Id of the fleet, see `genkan fleet status`.' } }),
    },
    messages: { [idOf(name)]: { $ref: `#/components/messages/${idOf(name)}` } },
  }
}

function operation(kind: Kind): Json {
  const id = idOf(kind.name)
  return {
    action: kind.from === 'genkan' ? 'send' : 'receive',
    channel: { $ref: `#/channels/${id}` },
    messages: [{ $ref: `#/channels/${id}/messages/${id}` }],
    bindings: {
      mqtt: {
        qos: kind.qos,
        retain: kind.retain,
        ...(kind.expirySeconds !== undefined && { messageExpiryInterval: kind.expirySeconds }),
        bindingVersion: '0.2.0',
      },
    },
    ...(kind.from === 'reader' && {
      reply: {
        address: {
          description: 'At or below …/response; MQTT 5 response topic.',
          location: '$message.header#/responseTopic',
        },
        channel: { $ref: '#/channels/response' },
      },
    }),
  }
}

/** The document that says what is on the wire, in AsyncAPI 3.0. */
export function asyncApiDocument(version: string): Json {
  const byId = (make: (kind: Kind) => Json): Json =>
    Object.fromEntries(KINDS.map((kind) => [idOf(kind.name), make(kind)]))
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'genkan',
      version,
      description: 'Events and commands of a door over MQTT 5 (or 3.1.1, then without properties).',
      license: { name: 'MIT' },
    },
    defaultContentType: 'application/json',
    channels: byId(channel),
    operations: byId(operation),
    components: {
      messages: byId((kind) => ({
        name: kind.name,
        summary: kind.summary,
        contentType: 'application/json',
        payload: payloadSchema(kind),
      })),
    },
  }
}

/** The kind of a topic's messages; `undefined` for a topic that is not of this door. */
export function kindOfTopic(topic: string, prefix: string, door: string): string | undefined {
  const root = doorTopics(prefix, door).status.replace(/\/status$/, '')
  const name = topic.startsWith(`${root}/`) ? topic.slice(root.length + 1) : ''
  const known = KINDS.find((kind) => kind.name === name)
  if (known) return idOf(known.name)
  return name.startsWith('response/') ? 'response' : undefined
}
