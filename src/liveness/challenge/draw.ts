/** What a person can be asked to do; left and right are the person's own. */
export const CHALLENGE_STEPS = [
  'turn-left',
  'turn-right',
  'look-up',
  'blink',
  'smile',
  'mouth-open',
] as const
export type ChallengeStep = (typeof CHALLENGE_STEPS)[number]

/** What the display says for each step. */
export const STEP_PROMPTS: Readonly<Record<ChallengeStep, string>> = {
  'turn-left': 'Please turn your head to your left',
  'turn-right': 'Please turn your head to your right',
  'look-up': 'Please look up',
  blink: 'Please blink',
  smile: 'Please smile',
  'mouth-open': 'Please open your mouth',
}

/** Unpredictable bytes; the daemon hands in the system's generator. */
export type RandomBytes = (count: number) => Uint8Array

/** A task that was never set before: two different steps, in this order, at unforeseeable moments. */
export interface DrawnChallenge {
  /** 128 bits in hex; names this challenge in display and record. */
  readonly nonce: string
  readonly steps: readonly [ChallengeStep, ChallengeStep]
  /** Wait before each prompt, so that a recording cannot be timed to it. */
  readonly pausesMs: readonly [number, number]
}

const PAUSE_MIN_MS = 200
const PAUSE_RANGE_MS = 1000
/** So many of the door's last sequences are not drawn again: no recording of them fits. */
export const REMEMBERED_SEQUENCES = 10

/** A whole number below `limit` (at most 256), each equally likely. */
function drawBelow(limit: number, randomBytes: RandomBytes): number {
  const usable = 256 - (256 % limit)
  for (;;) {
    const [byte] = randomBytes(1)
    if (byte < usable) return byte % limit
  }
}

/** Draws challenges for one door. */
export type ChallengeDrawer = () => DrawnChallenge

/**
 * A drawer that never repeats one of its last {@link REMEMBERED_SEQUENCES} sequences. Of the 30
 * ordered pairs 20 are left, so that an older recording fits with probability 1/20 at most.
 */
export function createChallengeDrawer(randomBytes: RandomBytes): ChallengeDrawer {
  const recent: string[] = []
  return () => {
    for (;;) {
      const first = CHALLENGE_STEPS[drawBelow(CHALLENGE_STEPS.length, randomBytes)]
      const others = CHALLENGE_STEPS.filter((step) => step !== first)
      const second = others[drawBelow(others.length, randomBytes)]
      const sequence = `${first} ${second}`
      if (recent.includes(sequence)) continue
      recent.push(sequence)
      if (recent.length > REMEMBERED_SEQUENCES) recent.shift()
      const pause = () => PAUSE_MIN_MS + (PAUSE_RANGE_MS * drawBelow(256, randomBytes)) / 255
      return {
        nonce: Buffer.from(randomBytes(16)).toString('hex'),
        steps: [first, second],
        pausesMs: [pause(), pause()],
      }
    }
  }
}
