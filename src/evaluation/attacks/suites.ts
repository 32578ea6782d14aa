/**
 * Attack species by suite. All are synthetic: rendered from photographs, or made of recordings of
 * living people; they are never counted together with real attacks.
 */
export const ATTACK_SUITES = {
  /** A photograph before the camera, or fed in its place. */
  stills: ['frozen', 'noise', 'translate', 'rotate', 'tilt', 'zoom', 'bend-tilt'],
  /** What is fed in the place of the camera, or changed while the attempt runs. */
  feeds: ['frozen-feed', 'looped-feed', 'face-swap', 'challenge-replay'],
  /** A photograph printed, shown on a screen, worn as a mask, moved by hand. */
  shown: ['print', 'screen', 'cut-out-mask', 'hand-moved'],
  /** Masks alone, cut in many ways. */
  masks: ['cut-out-mask'],
  /** A recording of the enrolled person, alive in it, stopped or repeated. */
  recordings: [
    'recording-frozen',
    'recording-frozen-relabelled',
    'recording-looped',
    'recording-looped-re-encoded',
  ],
} as const

export type AttackSuite = keyof typeof ATTACK_SUITES
export type AttackSpecies = (typeof ATTACK_SUITES)[AttackSuite][number]

export const ATTACK_SUITE_NAMES = Object.keys(ATTACK_SUITES) as AttackSuite[]

/** One attack to play; the same plan always gives the same pixels. */
export interface AttackPlan {
  readonly index: number
  readonly species: AttackSpecies
  readonly seed: number
  /** Which of the people is shown. */
  readonly personIndex: number
}

/**
 * Trial `index` of a suite. Species take turns, and each goes through the people in its own order,
 * so that a slice of any length is as mixed as the whole.
 */
export function planAttack(suite: AttackSuite, index: number, people: number): AttackPlan {
  const species: readonly AttackSpecies[] = ATTACK_SUITES[suite]
  const round = Math.floor(index / species.length)
  const turn = index % species.length
  return {
    index,
    species: species[turn],
    seed: 1000 + index,
    personIndex: (round + 7 * turn) % people,
  }
}
