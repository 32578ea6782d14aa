import { z } from 'zod'

/** One level of a topic: letters, digits, `_` and `-`, so that no name can add a level or a wildcard. */
const levelSchema = z
  .string()
  .regex(/^[A-Za-z0-9_-]{1,64}$/, 'use up to 64 letters, digits, _ or -')

/** Id of a door as it stands in topics; chosen by whoever installs it, never taken from a person. */
export const doorIdSchema = levelSchema

/** What all topics begin with: up to four levels, such as `genkan` or `site/north/genkan`. */
export const topicPrefixSchema = z
  .string()
  .regex(
    /^[A-Za-z0-9_-]{1,64}(\/[A-Za-z0-9_-]{1,64}){0,3}$/,
    'use levels of letters, digits, _ or -',
  )

/** Where a door's messages go, and where it listens. */
export interface DoorTopics {
  /** Retained; last will. */
  readonly status: string
  /** History, QoS 1, never retained. */
  readonly decision: string
  /** What may move a door, QoS 0, never retained. */
  readonly grant: string
  /** History of the door itself (openings by hand, lockdown, alarms), QoS 1, never retained. */
  readonly door: string
  /** Retained: how things stand. */
  readonly state: string
  /** Fresh outcomes for automations, QoS 0, never retained. */
  readonly attempt: string
  /** Commands come in at `…/command/NAME`. */
  readonly command: string
  /** Answers, unless the command names a topic below it. */
  readonly response: string
}

/** The kinds of message a door sends. */
export const MESSAGE_KINDS = [
  'status',
  'decision',
  'grant',
  'door',
  'state',
  'attempt',
  'response',
] as const
export type MessageKind = (typeof MESSAGE_KINDS)[number]

/**
 * Topics of one door.
 * @throws ZodError for a prefix or door id that can't stand in a topic
 */
export function doorTopics(prefix: string, door: string): DoorTopics {
  const root = `${topicPrefixSchema.parse(prefix)}/${doorIdSchema.parse(door)}`
  return {
    status: `${root}/status`,
    decision: `${root}/decision`,
    grant: `${root}/grant`,
    door: `${root}/door`,
    state: `${root}/state`,
    attempt: `${root}/attempt`,
    command: `${root}/command`,
    response: `${root}/response`,
  }
}

/** Topic filters that hear every door's history, grants and status under the prefix. */
export function allDoorsFilters(prefix: string): string[] {
  const root = topicPrefixSchema.parse(prefix)
  return (['status', 'decision', 'grant', 'door'] as const).map((kind) => `${root}/+/${kind}`)
}
