import type { Frame } from '../frame/image.js'

/** Where a camera stands; `degraded` always says why and what to do. */
export type CameraState =
  | { readonly name: 'starting' }
  | { readonly name: 'ready'; readonly framesPerSecond: number }
  | { readonly name: 'degraded'; readonly cause: string; readonly cure: string }
  | { readonly name: 'stopped' }

/**
 * A source of frames. Newest frame wins: a slow reader skips frames, it never lags behind.
 * A fault never throws out of the camera: it shows in {@link Camera.state} while the camera retries.
 */
export interface Camera {
  /** For people: which device, file or address, without credentials. */
  readonly description: string
  readonly state: CameraState
  /** Begins to capture; returns at once. */
  start(): void
  /**
   * The newest frame not handed out yet, waiting for one if need be.
   * @returns `undefined` once the camera is stopped or the signal is aborted
   */
  nextFrame(signal: AbortSignal): Promise<Frame | undefined>
  /**
   * Gives a frame's memory back, to be written again: nobody may read its pixels any more. A frame that
   * is not given back costs memory that has to be collected, nothing else.
   */
  giveBack?(frame: Frame): void
  /** Stops and frees the device; safe to call twice. */
  stop(): Promise<void>
}
