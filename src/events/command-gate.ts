import {
  COMMAND_NAMES,
  commandSchemas,
  type Command,
  type CommandName,
  type CommandRefusal,
} from './command-messages.js'
import type { IncomingMessage } from './subscriptions.js'

/** Whether a message is a command that may be carried out. */
export type GateVerdict =
  | { readonly pass: true; readonly command: Command }
  | {
      readonly pass: false
      readonly reason: CommandRefusal
      /** As far as they could be read. */
      readonly name: CommandName | undefined
      readonly id: string | undefined
    }

export interface GateRules {
  /** Topic above the commands' names. */
  readonly topic: string
  readonly allow: readonly CommandName[]
  readonly maxAgeMs: number
  /** Topic at or below which answers may be asked for. */
  readonly responseTopic: string
}

const MAX_BYTES = 4096
const MAX_DEPTH = 4
/** Senders' clocks may go a little ahead. */
const MAX_AHEAD_MS = 5000

/** Nesting of brackets outside of strings, counted without parsing. */
function depthOf(text: string): number {
  let depth = 0
  let deepest = 0
  let inString = false
  for (let index = 0; index < text.length; index++) {
    const sign = text[index]
    if (inString) {
      if (sign === '\\') index++
      else if (sign === '"') inString = false
    } else if (sign === '"') inString = true
    else if (sign === '{' || sign === '[') deepest = Math.max(deepest, ++depth)
    else if (sign === '}' || sign === ']') depth--
  }
  return deepest
}

/** An answer may go nowhere but below our own response topic: a sender must not make us write elsewhere. */
export function isResponseTopic(topic: string, root: string): boolean {
  return (
    topic === root ||
    (topic.startsWith(`${root}/`) && /^[\w-]{1,64}$/.test(topic.slice(root.length + 1)))
  )
}

/** Judges a message on a command topic; pure, and never throws. */
export function judgeCommand(
  message: IncomingMessage,
  rules: GateRules,
  nowMs: number,
): GateVerdict {
  const level = message.topic.slice(rules.topic.length + 1)
  const name = COMMAND_NAMES.find((known) => known === level)
  const refuse = (reason: CommandRefusal, id?: string): GateVerdict => ({
    pass: false,
    reason,
    name,
    id,
  })
  if (message.retained) return refuse('retained')
  if (message.payload.length > MAX_BYTES) return refuse('too-large')
  if (name === undefined || !rules.allow.includes(name)) return refuse('not-allowed')
  const { responseTopic } = message
  if (responseTopic !== undefined && !isResponseTopic(responseTopic, rules.responseTopic)) {
    return refuse('bad-response-topic')
  }
  const text = message.payload.toString('utf8')
  if (depthOf(text) > MAX_DEPTH) return refuse('too-deep')
  let content: unknown
  try {
    content = JSON.parse(text)
  } catch {
    return refuse('not-json')
  }
  const parsed = commandSchemas[name].safeParse(content)
  if (!parsed.success) return refuse('not-valid')
  const ageMs = nowMs - Date.parse(parsed.data.issuedAt)
  if (!(ageMs <= rules.maxAgeMs)) return refuse('stale', parsed.data.id)
  if (ageMs < -MAX_AHEAD_MS) return refuse('from-the-future', parsed.data.id)
  return { pass: true, command: { name, ...parsed.data } as Command }
}
