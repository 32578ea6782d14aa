import { createRandom } from '../../liveness/random.js'
import { beginChallenge, type ChallengeFrame } from '../../liveness/challenge/challenge.js'
import {
  createChallengeDrawer,
  type ChallengeDrawer,
  type DrawnChallenge,
} from '../../liveness/challenge/draw.js'

/** A stretch of a recording that passed a challenge when it was drawn. */
export interface EarlierSession {
  readonly drawn: DrawnChallenge
  /** Where in the recording the session began. */
  readonly startMs: number
  readonly passedMs: number
  /** The drawer of that door, which remembers what it drew. */
  readonly draw: ChallengeDrawer
}

/** Session starts that are tried in a recording. */
const EVERY_MS = 250
/** A session that has not passed by then has failed: neutral face, pauses and the time limit. */
const MAX_SESSION_MS = 11_000
const MAX_DRAWS = 400

/** A drawer whose draws repeat with the seed; doors use the system's generator. */
export function createSeededDrawer(seed: number): ChallengeDrawer {
  const random = createRandom(seed)
  return createChallengeDrawer((count) =>
    Uint8Array.from({ length: count }, () => Math.floor(256 * random.uniform())),
  )
}

/** When a recording, begun at a time, passes a challenge; nothing where it does not. */
export function passesAt(
  recording: readonly ChallengeFrame[],
  startMs: number,
  drawn: DrawnChallenge,
): number | undefined {
  const challenge = beginChallenge(drawn)
  for (const frame of recording) {
    if (frame.monotonicMs < startMs) continue
    if (frame.monotonicMs - startMs > MAX_SESSION_MS) return undefined
    challenge.observe(frame)
    const state = challenge.state()
    if (state.name === 'failed') return undefined
    if (state.name === 'passed') return state.atMs
  }
  return undefined
}

/**
 * Looks for a session that a recording would have passed: the door draws until some stretch of the
 * recording answers, by what its person happened to do. Nobody was prompted in it.
 * @returns `undefined` where no stretch answers any draw
 */
export function findEarlierSession(
  recording: readonly ChallengeFrame[],
  seed: number,
): EarlierSession | undefined {
  const draw = createSeededDrawer(seed)
  const lastMs = recording.at(-1)?.monotonicMs ?? 0
  const shift = Math.floor(createRandom(seed).uniform() * lastMs)
  for (let i = 0; i < MAX_DRAWS; i++) {
    const drawn = draw()
    for (let offset = 0; offset <= lastMs; offset += EVERY_MS) {
      const startMs = (shift + offset) % lastMs
      const passedMs = passesAt(recording, startMs, drawn)
      if (passedMs !== undefined) return { drawn, startMs, passedMs, draw }
    }
  }
  return undefined
}
