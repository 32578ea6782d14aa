import { randomBytes } from 'node:crypto'
import type { Config } from './config/schema.js'
import type { DoorRules } from './decision/door.js'
import { createMotionGate } from './detection/motion-gate.js'
import type { MotionGateOptions } from './detection/motion-gate.js'
import type { FaceTrackerOptions } from './detection/track.js'
import { createLine } from './line.js'
import type { Line, LineParts } from './line.js'
import type { FollowRule } from './follow-face.js'
import { createChallengeCue } from './liveness/challenge/challenge-cue.js'
import { createChallengeDrawer, type ChallengeDrawer } from './liveness/challenge/draw.js'
import { createCues } from './liveness/cues.js'
import { createLivenessJudge } from './liveness/judge.js'
import type { CompareViews } from './liveness/face-change.js'
import type { Stages } from './stages.js'

/** At 10 frames a second a face moves less than half its width between frames. */
const TRACKER_OPTIONS: FaceTrackerOptions = { minIou: 0.3, maxGapMs: 600 }

/** Neighbouring probes of one face mostly stay under 0.3; see {@link SWAP_DISTANCE_SQ}. */
const FOLLOW_RULE: FollowRule = { maxAgeMs: 150, maxDistanceSq: 0.5, minIou: 0.7 }

/** Half a second is the most that a person can lose who comes without any motion. */
export const MOTION_GATE_OPTIONS: MotionGateOptions = { lookEveryMs: 500, holdMs: 2000 }

/**
 * Neighbouring probes of one face stay under 0.6 (0.9 in a fast turn), two people lie about 2 apart;
 * see `genkan evaluate clips`.
 */
const SWAP_DISTANCE_SQ = 1

/** Beside two challenges: the neutral face, the pauses before the prompts, the frames of a grant. */
const CHALLENGE_REST_MS = 4000

const MIN_UNKNOWN_MS = 1500
const MIN_ATTEMPT_FRAMES = 3

/** The door's rules as the configuration sets them. */
export function doorRulesOf({
  decision,
  liveness,
}: Pick<Config, 'decision' | 'liveness'>): DoorRules {
  return {
    frames: decision.frames,
    windowMs: decision.windowMs,
    timeoutMs:
      liveness.mode === 'challenge'
        ? Math.max(liveness.attemptTimeoutMs, 2 * (liveness.challengeTimeoutMs + CHALLENGE_REST_MS))
        : liveness.attemptTimeoutMs,
    minUnknownMs: MIN_UNKNOWN_MS,
    swapDistanceSq: SWAP_DISTANCE_SQ,
    attackFrames: decision.frames,
    minAttemptFrames: MIN_ATTEMPT_FRAMES,
    restAfterGrantMs: decision.grantCooldownMs,
    restAfterDenialMs: decision.cooldownMs,
  }
}

/** The stages of a line; `compareViews` only where many lines look at the same frames. */
export type LineStages = Pick<
  Stages,
  'finder' | 'encoder' | 'scoreTexture' | 'scoreMask' | 'viewFace' | 'pad'
> & {
  readonly compareViews?: CompareViews
  /** Where challenges come from; by default the door draws its own with the system's generator. */
  readonly drawChallenge?: ChallengeDrawer
}

/** A line over loaded stages, set up as the configuration says. */
export function openLine(
  stages: LineStages,
  config: Pick<Config, 'decision' | 'liveness'>,
  identify: LineParts['identify'],
): Line {
  const { compareViews } = stages
  const { mode, challengeTimeoutMs } = config.liveness
  const challenge =
    mode === 'challenge'
      ? createChallengeCue({
          draw: stages.drawChallenge ?? createChallengeDrawer(randomBytes),
          timeoutMs: challengeTimeoutMs,
        })
      : undefined
  const cues = createCues({
    scoreTexture: stages.scoreTexture,
    scoreMask: stages.scoreMask,
    ...(stages.pad === undefined ? {} : { pad: stages.pad }),
    askAfterMs: config.liveness.askAfterMs,
    readsPulse: config.liveness.pulse,
    ...(compareViews === undefined ? {} : { compareViews }),
  })
  return createLine({
    finder: stages.finder,
    motionGate: createMotionGate(MOTION_GATE_OPTIONS),
    encoder: stages.encoder,
    liveness: createLivenessJudge({
      mode,
      viewFace: stages.viewFace,
      ...(challenge === undefined ? { cues } : { cues: [...cues, challenge], challenge }),
    }),
    encodesEveryFace: mode === 'challenge',
    identify,
    trackerOptions: TRACKER_OPTIONS,
    followRule: FOLLOW_RULE,
    doorRules: doorRulesOf(config),
  })
}
