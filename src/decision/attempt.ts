import { distanceSq } from '../encoding/embedding.js'
import type { LivenessOutcome } from '../liveness/fusion.js'
import type { Identification } from '../matching/gallery.js'
import type { DenialReason } from './decision.js'

/** What the gallery says about one probe. */
export type ProbeMatch = Exclude<Identification, { outcome: 'refused' }>

/** One judged frame of the track the door attends to. */
export interface Observation {
  readonly monotonicMs: number
  /** What the cues come to for the attempt so far. */
  readonly liveness: LivenessOutcome
  /** What was recognised; absent when the face was not good enough to be encoded. */
  readonly probe:
    { readonly embedding: Float32Array; readonly match: ProbeMatch } | { readonly fault: string }
}

/** How an attempt ended. */
export type AttemptOutcome =
  | { readonly outcome: 'granted'; readonly personId: string }
  | { readonly outcome: 'denied'; readonly reason: DenialReason; readonly detail: string }

export interface EndedAttempt {
  readonly result: AttemptOutcome
  readonly frames: number
  readonly startedMs: number
  readonly endedMs: number
  /** The worst of the deciding frames for a grant, the last probe's otherwise. */
  readonly match: ProbeMatch | undefined
}

export type AttemptStep =
  | { readonly kind: 'pending'; readonly prompt: string | undefined }
  /** The face is no longer the one that gave the evidence of life: liveness has to start over. */
  | { readonly kind: 'restart-liveness' }
  | { readonly kind: 'ended'; readonly attempt: EndedAttempt }

export interface AttemptRules {
  /** Consecutive agreeing frames that make a decision. */
  readonly frames: number
  /** Those frames must lie within this time. */
  readonly windowMs: number
  /** An attempt without a decision ends after this time. */
  readonly timeoutMs: number
  /** No `unknown` before this time: the first frames of someone walking up are the worst. */
  readonly minUnknownMs: number
  /** Two neighbouring probes further apart than this (squared L2) are two faces. */
  readonly swapDistanceSq: number
  /** A fused attack verdict must hold for this many frames. */
  readonly attackFrames: number
}

/** One person's try at the door, from the first judged frame to exactly one outcome. */
export interface Attempt {
  observe(observation: Observation): AttemptStep
  /** Ends the attempt because the face left or time ran out; every attempt ends in one outcome. */
  conclude(monotonicMs: number): EndedAttempt
  /** Ends the attempt because the daemon itself could not go on. */
  fail(monotonicMs: number, detail: string): EndedAttempt
}

const NOTHING_SEEN: LivenessOutcome = {
  outcome: 'not-enough-evidence',
  prompt: 'Please look at the camera',
  reason: 'no frame judged yet',
}

interface AgreeingFrame {
  readonly monotonicMs: number
  readonly match: ProbeMatch
}

/** Whether two frames say the same about who stands there. */
function agree(a: ProbeMatch, b: ProbeMatch): boolean {
  if (a.outcome === 'match' && b.outcome === 'match') return a.personId === b.personId
  return a.outcome === b.outcome
}

/** Squared distance to the nearest person; an empty gallery is as far as can be. */
function nearestOf(match: ProbeMatch): number {
  return (match.outcome === 'unknown' ? match.nearestDistanceSq : match.distanceSq) ?? 4
}

function worstOf(frames: readonly AgreeingFrame[]): ProbeMatch | undefined {
  let worst: ProbeMatch | undefined
  for (const { match } of frames) {
    if (worst === undefined || nearestOf(match) > nearestOf(worst)) worst = match
  }
  return worst
}

/** Opens an attempt with the first frame of a track, or of a new try on the same track. */
export function openAttempt(startedMs: number, rules: AttemptRules): Attempt {
  let frames = 0
  let probes = 0
  let attackRun = 0
  let agreeing: AgreeingFrame[] = []
  let lastEmbedding: Float32Array | undefined
  let liveness: LivenessOutcome = NOTHING_SEEN
  let lastFault = 'no face good enough to judge'

  function end(result: AttemptOutcome, endedMs: number): EndedAttempt {
    return { result, frames, startedMs, endedMs, match: worstOf(agreeing) }
  }

  function conclude(endedMs: number): EndedAttempt {
    const deny = (reason: DenialReason, detail: string): EndedAttempt =>
      end({ outcome: 'denied', reason, detail }, endedMs)
    if (probes === 0) return deny('low-quality', lastFault)
    if (liveness.outcome !== 'live') {
      if (liveness.outcome === 'attack') return deny('attack', liveness.reason)
      return deny('no-liveness-evidence', liveness.reason)
    }
    const last = agreeing.at(-1)?.match
    if (last?.outcome === 'ambiguous')
      return deny('ambiguous', 'two enrolled persons are too alike')
    if (last?.outcome === 'match') return deny('low-quality', 'too few agreeing frames')
    return deny('unknown', 'nobody enrolled looks like this')
  }

  function observe(observation: Observation): AttemptStep {
    const { monotonicMs, probe } = observation
    frames++
    liveness = observation.liveness
    attackRun = liveness.outcome === 'attack' ? attackRun + 1 : 0
    if (liveness.outcome === 'attack' && attackRun >= rules.attackFrames) {
      const { reason: detail } = liveness
      return {
        kind: 'ended',
        attempt: end({ outcome: 'denied', reason: 'attack', detail }, monotonicMs),
      }
    }
    if ('fault' in probe) {
      lastFault = probe.fault
      agreeing = []
    } else {
      probes++
      const swapped =
        lastEmbedding !== undefined &&
        !(distanceSq(lastEmbedding, probe.embedding) <= rules.swapDistanceSq)
      lastEmbedding = probe.embedding
      const previous = agreeing.at(-1)?.match
      if (swapped || (previous !== undefined && !agree(previous, probe.match))) agreeing = []
      agreeing.push({ monotonicMs, match: probe.match })
      if (swapped) {
        liveness = { ...NOTHING_SEEN, reason: 'the face changed during the attempt' }
        return { kind: 'restart-liveness' }
      }
      const decided = decide(monotonicMs)
      if (decided !== undefined) return { kind: 'ended', attempt: decided }
    }
    if (monotonicMs - startedMs >= rules.timeoutMs) {
      return { kind: 'ended', attempt: conclude(monotonicMs) }
    }
    const prompt =
      'fault' in probe
        ? probe.fault
        : liveness.outcome === 'not-enough-evidence'
          ? liveness.prompt
          : undefined
    return { kind: 'pending', prompt }
  }

  function decide(nowMs: number): EndedAttempt | undefined {
    if (liveness.outcome !== 'live') return undefined
    agreeing = agreeing.filter(({ monotonicMs }) => nowMs - monotonicMs <= rules.windowMs)
    if (agreeing.length < rules.frames) return undefined
    const { match } = agreeing[agreeing.length - 1]
    switch (match.outcome) {
      case 'match':
        return end({ outcome: 'granted', personId: match.personId }, nowMs)
      case 'ambiguous':
      case 'unknown':
        return nowMs - startedMs >= rules.minUnknownMs ? conclude(nowMs) : undefined
    }
  }

  function fail(endedMs: number, detail: string): EndedAttempt {
    return end({ outcome: 'denied', reason: 'fault', detail }, endedMs)
  }

  return { observe, conclude, fail }
}
