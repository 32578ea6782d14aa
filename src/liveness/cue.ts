import type { Detection, Face } from '../detection/face.js'
import type { Frame } from '../frame/image.js'
import type { FaceView } from './face-view.js'

/** What one cue says. The score, 0 attack to 1 live, is absent where the cue could not look. */
export type CueOutcome =
  | {
      readonly verdict: 'live' | 'attack'
      readonly score: number
      /** For the log; names no person. */
      readonly reason: string
      /** Events seen since the last restart, of a cue that counts events. */
      readonly eventCount?: number
    }
  | {
      readonly verdict: 'not-enough-evidence'
      readonly score: number | null
      readonly reason: string
      /** What the person before the camera can do about it. */
      readonly prompt?: string
      readonly eventCount?: number
    }

/** One frame of the attended face. */
export interface CueObservation {
  readonly frame: Frame
  readonly face: Face
  /** Absent where the landmarks make no face. */
  readonly view: FaceView | undefined
  /** Who is seen, for a cue that needs it; absent where the face was not encoded. */
  readonly embedding?: Float32Array | undefined
}

/**
 * One independent witness for or against life. A cue keeps what it needs of the attempt's past
 * itself; its score rests on the frames it was shown since the last restart and on nothing else.
 */
export interface Cue {
  /** As fusion, log and console call it; unique among the cues of a door. */
  readonly name: string
  /**
   * What it cannot begin without, by default the view. A cue that needs the frame alone is begun before
   * anything else: a net of the side thread runs meanwhile. One that needs the embedding comes last.
   */
  readonly needs?: 'frame' | 'view' | 'embedding'
  /**
   * Begins what the detector's box is enough for, before the face's points are known; `observe` of the
   * same frame, or nothing, follows. Begun again over the same frame, the last time counts.
   */
  beginWithBox?(frame: Frame, detection: Detection): void
  /** The same of what needs the points, before it is certain that the face is judged. */
  beginWithFace?(frame: Frame, face: Face): void
  observe(observation: CueObservation): void | Promise<void>
  outcome(): CueOutcome
  /** Forgets everything: another face, or another attempt. */
  restart(): void
}

/** What one cue says, with its name. */
export interface CueReading {
  readonly name: string
  readonly outcome: CueOutcome
}

/** An outcome of a cue that has nothing to go by. */
export function silent(reason: string, prompt?: string): CueOutcome {
  const outcome = { verdict: 'not-enough-evidence', score: null, reason } as const
  return prompt === undefined ? outcome : { ...outcome, prompt }
}

/**
 * Takes the veto from a cue whose worth is not proven: its score is shown and recorded, and it never
 * decides.
 */
export function asEvidenceOnly(cue: Cue): Cue {
  return {
    name: cue.name,
    ...(cue.needs === undefined ? {} : { needs: cue.needs }),
    ...(cue.beginWithBox === undefined ? {} : { beginWithBox: cue.beginWithBox.bind(cue) }),
    ...(cue.beginWithFace === undefined ? {} : { beginWithFace: cue.beginWithFace.bind(cue) }),
    observe: (observation) => cue.observe(observation),
    outcome() {
      const { score, reason } = cue.outcome()
      return { verdict: 'not-enough-evidence', score, reason }
    },
    restart: () => cue.restart(),
  }
}
