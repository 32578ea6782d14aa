import { z } from 'zod'
import type { DeniedDecision } from './decision.js'

/**
 * An attempt that is under way, as noted on disk: should the process end before the decision is
 * written, the next one knows of it, and the attempt still ends in exactly one decision.
 */
export const openAttemptSchema = z.strictObject({
  /** Of the decision to come; time-ordered like every decision's. */
  id: z.ulid(),
  door: z.string(),
  startedAt: z.iso.datetime(),
  /** Judged when it was noted. */
  frames: z.int().nonnegative(),
})
export type OpenAttempt = z.infer<typeof openAttemptSchema>

/** What becomes of an attempt during which the process ended: nobody was let in, and why is on record. */
export function interruptedDecision(
  { id, door, startedAt, frames }: OpenAttempt,
  { decidedAtMs, models }: { decidedAtMs: number; models: Readonly<Record<string, string>> },
): DeniedDecision {
  return {
    id,
    door,
    decidedAt: new Date(decidedAtMs).toISOString(),
    attempt: { frames, durationMs: 0 },
    match: null,
    liveness: { texture: null, lifeEvents: 0 },
    models: { ...models },
    latencyMs: 0,
    outcome: 'denied',
    reason: 'fault',
    detail: `genkan ended during this attempt, which began at ${startedAt}`,
  }
}
