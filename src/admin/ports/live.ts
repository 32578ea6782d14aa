import type { Decision, DenialReason } from '../../decision/decision.js'
import type { Box } from '../../frame/image.js'
import type { Awaitable } from './awaitable.js'
import type { FaceRejection } from './faces.js'

/** The newest picture of the camera. */
export interface Snapshot {
  readonly jpeg: Uint8Array
  /** `Frame.sequence` of the picture, to pair it with {@link LiveEvent} boxes. */
  readonly sequence: number
  readonly capturedAtMs: number
}

/** One face in the picture and how it stands at the door. */
export interface LiveFace {
  readonly trackId: number
  readonly box: Box
  readonly standing: 'judging' | 'granted' | 'denied'
  /** The person's name, only once granted. */
  readonly name: string | null
  /** Only when denied. */
  readonly reason: DenialReason | null
  /** The first thing to mend before this face can be judged; `null` while the door rests. */
  readonly quality: 'good' | FaceRejection | null
}

/** One liveness cue at one moment. */
export interface LiveCue {
  readonly verdict: 'live' | 'attack' | 'not-enough-evidence'
  /** 0 attack to 1 live; `null` where the cue could not look. */
  readonly score: number | null
}

/** Something a viewer should see at once. */
export type LiveEvent =
  | { readonly type: 'decision'; readonly decision: Decision }
  | {
      readonly type: 'faces'
      readonly sequence: number
      /** Size of the frame that the boxes are measured in. */
      readonly frame: { readonly width: number; readonly height: number }
      readonly faces: readonly LiveFace[]
    }
  | {
      readonly type: 'prompt'
      /** What the person at the door is asked to do; `null` takes the prompt away. */
      readonly prompt: { readonly code: string; readonly text: string } | null
    }
  | {
      readonly type: 'cues'
      /** What each liveness cue says of the attended face; at most five times a second. */
      readonly cues: Readonly<Record<string, LiveCue>>
    }
  | {
      readonly type: 'challenge'
      /** What the person is asked to do now, `at` the last of the steps shown; `null` when nothing. */
      readonly challenge: {
        readonly nonce: string
        readonly steps: readonly string[]
        readonly at: number
        readonly remainingMs: number
      } | null
    }
  /** Camera, broker, models, K or τ have changed: `AdminPorts.health` tells how. */
  | { readonly type: 'system' }

/** The door as it is now. */
export interface LivePort {
  /**
   * Encoded only when asked for, so a picture that nobody looks at costs nothing.
   * @returns `undefined` while the camera has given no picture
   */
  latestJpeg(): Awaitable<Snapshot | undefined>
  /**
   * Calls the listener for every event from now on; called while at least one viewer is connected.
   * @returns a function that ends the subscription
   */
  subscribe(listener: (event: LiveEvent) => void): () => void
  /** What the liveness cues said in the last minutes, oldest first; held in memory only. */
  recentCues(): readonly CueSample[]
}

/** What the liveness cues said at one moment. */
export interface CueSample {
  readonly atMs: number
  readonly cues: Readonly<Record<string, LiveCue>>
}
