import type { FaceView } from '../face-view.js'
import { bothClosed } from '../lid-watch.js'
import type { ChallengeStep } from './draw.js'

/** One frame's face as the steps of a challenge are judged from it. */
export interface FaceReading {
  /** Nose beside the middle of the eyes, in 1/100 eye distance; grows as the person turns left. */
  readonly turn: number
  /** Nose below the eyes, in 1/100 eye distance; shrinks as the person looks up. */
  readonly nod: number
  /** How surely both eyes are closed, 0..1. */
  readonly closed: number
  /** Corner to corner, and between the inner lips, in eye distances. */
  readonly mouthWidth: number
  readonly lipGap: number
}

/** Limits against the person's own neutral face. */
export interface MovementRule {
  readonly turn: number
  readonly lookUp: number
  readonly closed: number
  /** A neutral face with eyes less open than this cannot blink: a photograph of closed eyes. */
  readonly maxNeutralClosed: number
  /** Widening of the mouth, as a ratio. */
  readonly smile: number
  readonly lipGap: number
  /** Mouth and eyes are judged only while the head is turned and nodded less than this. */
  readonly maxHead: number
}

/** Chosen on the recordings that `genkan evaluate life` names; see the README for what they give. */
export const MOVEMENT_RULE: MovementRule = {
  turn: 15,
  lookUp: 12,
  closed: 0.75,
  maxNeutralClosed: 0.4,
  smile: 1.12,
  lipGap: 0.12,
  maxHead: 12,
}

/** Reads a view; `undefined` without an eye-state net, or where a number is not finite. */
export function readFace(view: FaceView): FaceReading | undefined {
  const { landmarks, eyeDistancePx, shape } = view
  const closed = bothClosed(view)
  if (closed === undefined) return undefined
  const mouthWidth =
    Math.hypot(landmarks[108] - landmarks[96], landmarks[109] - landmarks[97]) / eyeDistancePx
  const [turn, nod] = shape.headPose
  const reading = { turn, nod, closed, mouthWidth, lipGap: shape.innerLipGap }
  return Object.values(reading).every(Number.isFinite) ? reading : undefined
}

/** The middle of some readings, number by number: a person's neutral face. */
export function medianReading(readings: readonly FaceReading[]): FaceReading {
  const middle = (pick: (reading: FaceReading) => number): number => {
    const sorted = readings.map(pick).sort((a, b) => a - b)
    return sorted[Math.floor(sorted.length / 2)]
  }
  return {
    turn: middle((reading) => reading.turn),
    nod: middle((reading) => reading.nod),
    closed: middle((reading) => reading.closed),
    mouthWidth: middle((reading) => reading.mouthWidth),
    lipGap: middle((reading) => reading.lipGap),
  }
}

/** What a face does beside its neutral. */
export function movementsOf(
  now: FaceReading,
  neutral: FaceReading,
  rule: MovementRule = MOVEMENT_RULE,
): ChallengeStep[] {
  const turn = now.turn - neutral.turn
  const nod = now.nod - neutral.nod
  const done: ChallengeStep[] = []
  if (turn >= rule.turn) done.push('turn-left')
  if (turn <= -rule.turn) done.push('turn-right')
  if (nod <= -rule.lookUp && Math.abs(turn) < rule.turn) done.push('look-up')
  if (Math.abs(turn) >= rule.maxHead || Math.abs(nod) >= rule.maxHead) return done
  const wereOpen = neutral.closed <= rule.maxNeutralClosed
  if (wereOpen && now.closed >= rule.closed) done.push('blink')
  const smiles = now.mouthWidth >= neutral.mouthWidth * rule.smile
  if (smiles) done.push('smile')
  else if (now.lipGap >= neutral.lipGap + rule.lipGap) done.push('mouth-open')
  return done
}

/** Whether the head looks as straight ahead as in the neutral face. */
export function isFrontal(
  now: FaceReading,
  neutral: FaceReading,
  rule: MovementRule = MOVEMENT_RULE,
): boolean {
  return (
    Math.abs(now.turn - neutral.turn) < rule.maxHead &&
    Math.abs(now.nod - neutral.nod) < rule.maxHead
  )
}
