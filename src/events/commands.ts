import type { OutgoingMessage } from './broker-session.js'
import { judgeCommand, type GateRules } from './command-gate.js'
import {
  commandResultSchema,
  COMMAND_REFUSALS,
  type Command,
  type CommandName,
  type CommandRefusal,
  type CommandResult,
  type ResponseMessage,
} from './command-messages.js'
import type { IncomingMessage, Listener } from './subscriptions.js'

/** Commands by id, kept over restarts. */
export interface CommandMemory {
  begin(
    id: string,
  ):
    | { readonly standing: 'first' }
    | { readonly standing: 'answered'; readonly answer: unknown }
    | { readonly standing: 'unanswered' }
  finish(id: string, answer: unknown): void
}

export interface CommandOptions {
  readonly rules: GateRules
  readonly memory: CommandMemory
  /** Carries a command out; a fault is a result, though one that is thrown does no harm. */
  readonly carryOut: (command: Command) => Promise<CommandResult>
  /** Audits a command before it is carried out. @throws when it can't be written: then nothing is done */
  readonly audit: (command: Command) => void
  readonly send: (message: OutgoingMessage) => Promise<boolean>
  readonly nowMs: () => number
  readonly onRefused?: (reason: CommandRefusal, topic: string) => void
}

/** The ear for commands. */
export interface Commands {
  readonly listener: Listener
  /** Messages refused since start, by reason. */
  refusals(): Readonly<Record<CommandRefusal, number>>
}

/** At most this many messages a minute are looked at; people and automations need few. */
const MAX_A_MINUTE = 60
const MAX_CORRELATION_BYTES = 256

const DETAILS: Readonly<Partial<Record<CommandRefusal, string>>> = {
  stale: 'the command was issued too long ago; send a new one',
  'from-the-future': "the command's clock is ahead; set it",
  'unanswered-before': 'this command was begun before and its end is not known; it is not repeated',
}

/** Takes commands one after the other, each at most once, and answers. */
export function createCommands(options: CommandOptions): Commands {
  const { rules, memory, nowMs } = options
  const refusals = Object.fromEntries(COMMAND_REFUSALS.map((reason) => [reason, 0])) as Record<
    CommandRefusal,
    number
  >
  let recent: number[] = []
  let last: Promise<void> = Promise.resolve()

  function isTooMany(): boolean {
    const now = nowMs()
    recent = recent.filter((at) => at <= now && now - at < 60_000)
    if (recent.length >= MAX_A_MINUTE) return true
    recent.push(now)
    return false
  }

  function count(reason: CommandRefusal, topic: string): void {
    refusals[reason] += 1
    options.onRefused?.(reason, topic)
  }

  async function answer(
    message: IncomingMessage,
    command: CommandName,
    content: Pick<ResponseMessage, 'id' | 'repeated' | 'result'>,
  ): Promise<void> {
    const { correlationData } = message
    const fits = correlationData !== undefined && correlationData.length <= MAX_CORRELATION_BYTES
    await options.send({
      topic: message.responseTopic ?? rules.responseTopic,
      payload: JSON.stringify({ command, at: new Date(nowMs()).toISOString(), ...content }),
      schema: 'genkan.response.v1',
      expirySeconds: 60,
      ...(fits && { correlationId: correlationData }),
    })
  }

  async function carryOut(command: Command): Promise<CommandResult> {
    try {
      options.audit(command)
      return await options.carryOut(command)
    } catch {
      return {
        outcome: 'failed',
        cause: 'the command could not be carried out',
        cure: "see genkan's log and health",
      }
    }
  }

  async function take(message: IncomingMessage): Promise<void> {
    const verdict = judgeCommand(message, rules, nowMs())
    if (!verdict.pass) {
      count(verdict.reason, message.topic)
      const detail = DETAILS[verdict.reason]
      if (detail === undefined || verdict.name === undefined || verdict.id === undefined) return
      const result = { outcome: 'refused', reason: verdict.reason, detail } as const
      await answer(message, verdict.name, { id: verdict.id, repeated: false, result })
      return
    }
    const { command } = verdict
    const { id, name } = command
    const seen = memory.begin(id)
    switch (seen.standing) {
      case 'first': {
        const result = await carryOut(command)
        memory.finish(id, result)
        await answer(message, name, { id, repeated: false, result })
        return
      }
      case 'answered': {
        const result = commandResultSchema.parse(seen.answer)
        await answer(message, name, { id, repeated: true, result })
        return
      }
      case 'unanswered': {
        count('unanswered-before', message.topic)
        const detail = DETAILS['unanswered-before'] ?? ''
        const result = { outcome: 'refused', reason: 'unanswered-before', detail } as const
        await answer(message, name, { id, repeated: true, result })
      }
    }
  }

  return {
    refusals: () => ({ ...refusals }),
    listener: {
      filter: `${rules.topic}/+`,
      asSent: true,
      onMessage(message) {
        if (isTooMany()) {
          count('too-many', message.topic)
          return
        }
        last = last
          .then(() => take(message))
          // The store failed before anything was done; the sender hears nothing and may ask again.
          .catch(() => undefined)
      },
    },
  }
}
