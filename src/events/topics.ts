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

/** Where a door's messages go. */
export interface DoorTopics {
  /** Retained; last will. */
  readonly status: string
  /** History, QoS 1, never retained. */
  readonly decision: string
  /** What may move a door, QoS 0, never retained. */
  readonly grant: string
}

/** The kinds of message a door sends. */
export const MESSAGE_KINDS = ['status', 'decision', 'grant'] as const
export type MessageKind = (typeof MESSAGE_KINDS)[number]

/**
 * Topics of one door.
 * @throws ZodError for a prefix or door id that can't stand in a topic
 */
export function doorTopics(prefix: string, door: string): DoorTopics {
  const root = `${topicPrefixSchema.parse(prefix)}/${doorIdSchema.parse(door)}`
  return { status: `${root}/status`, decision: `${root}/decision`, grant: `${root}/grant` }
}

/** Topic filters that hear every door under the prefix. */
export function allDoorsFilters(prefix: string): string[] {
  const root = topicPrefixSchema.parse(prefix)
  return MESSAGE_KINDS.map((kind) => `${root}/+/${kind}`)
}
