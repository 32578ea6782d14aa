import { ulid } from 'ulid'

import type { Decision, DenialReason } from '../../src/decision/decision.js'

const THRESHOLD = 1.18

function evidence(atMs: number, distanceSq: number | null) {
  return {
    id: ulid(atMs),
    door: 'front-door',
    decidedAt: new Date(atMs).toISOString(),
    attempt: { frames: 14, durationMs: 1420 },
    match:
      distanceSq === null
        ? null
        : {
            distanceSq,
            runnerUpDistanceSq: 1.91,
            threshold: THRESHOLD,
            galleryPersons: 3,
          },
    liveness: { texture: 0.97, lifeEvents: distanceSq === null ? 0 : 2 },
    models: { detector: 'rfb-320', encoder: 'mobilefacenet-128' },
    latencyMs: 24,
  }
}

/** A decision that opened the door. */
export function grantedDecision(
  person: { readonly id: string; readonly name: string },
  atMs = Date.now(),
): Decision {
  const { id, name } = person
  return { ...evidence(atMs, 0.412), outcome: 'granted', person: { id, name } }
}

/** A decision that kept the door shut. */
export function deniedDecision(reason: DenialReason, atMs = Date.now()): Decision {
  return {
    ...evidence(atMs, reason === 'unknown' ? 1.904 : null),
    outcome: 'denied',
    reason,
    detail: `The attempt ended as ${reason}.`,
  }
}
