import { z } from 'zod'

/**
 * How the bench speaks with a contender, each a process of its own: a line of JSON asks on its
 * standard input, a line of JSON answers on its standard output. The first line introduces it.
 */

/**
 * The way of a frame as far as each step, every step from the bare frame on: `detect` to boxes,
 * `encode` to an embedding of every face, `decide` to everything that the contender knows to judge.
 */
export const STEPS = ['detect', 'encode', 'decide'] as const
export type Step = (typeof STEPS)[number]

/** Persons each contender searches when it decides. */
export const GALLERY_PERSONS = 1000

export const introductionSchema = z.strictObject({
  version: z.string(),
  /** What it does on the way to a decision. */
  judges: z.string(),
})
export type Introduction = z.infer<typeof introductionSchema>

export const requestSchema = z.discriminatedUnion('ask', [
  z.strictObject({
    ask: z.literal('load'),
    path: z.string(),
    width: z.int().positive(),
    height: z.int().positive(),
    count: z.int().positive(),
  }),
  z.strictObject({ ask: z.literal('run'), step: z.enum(STEPS), frames: z.int().positive() }),
])
export type Request = z.infer<typeof requestSchema>

/** What frames took, one after another. */
export const runSchema = z.strictObject({
  ms: z.array(z.number().nonnegative()),
  /** Faces found over all frames. */
  faces: z.int().nonnegative(),
  /** Processor time of all threads, user and system. */
  cpuMs: z.number().nonnegative(),
  rssMb: z.number().positive(),
})
export type Run = z.infer<typeof runSchema>
