import type { CameraState } from '../../capture/camera.js'

/** Where a long-lived part stands; `degraded` always says why and what to do. */
export type PartState =
  | { readonly name: 'starting' }
  | { readonly name: 'ready' }
  | { readonly name: 'degraded'; readonly cause: string; readonly cure: string }
  | { readonly name: 'stopped' }

/** The daemon's state in one document; holds no personal data and no credentials. */
export interface Health {
  /** `down`: no door can open. */
  readonly status: 'ok' | 'degraded' | 'down'
  readonly version: string
  readonly door: string
  readonly startedAtMs: number
  readonly camera: { readonly description: string; readonly state: CameraState }
  readonly broker: {
    readonly description: string
    readonly state: PartState
    /** Decisions written but not yet acknowledged by the broker. */
    readonly waiting: number
    /** Share of the outbox's bound by size, 0..1; at 1 the oldest are given up. */
    readonly outboxFill?: number
    /** Decisions ever given up undelivered; they are still in the store. */
    readonly abandoned?: number
    /** Messages from the broker that were refused since start, by reason. */
    readonly refused?: Readonly<Record<string, number>>
  }
  /** The judging of frames, where it can fail by itself. */
  readonly line?: PartState
  /** What the daemon watches of itself: clock, memory, event loop, files. */
  readonly watchdogs?: Readonly<Record<string, PartState>>
  /** Nobody is let in until somebody ends it. */
  readonly lockedDown?: boolean
  /** How much proof of life the door asks for. */
  readonly livenessMode?: 'texture' | 'life' | 'challenge'
  /** Model id by role. */
  readonly models: Readonly<Record<string, string>>
  readonly gallery: {
    /** K. */
    readonly persons: number
    readonly templates: number
  }
  /** `null` while there is no valid calibration: then nobody is recognised. */
  readonly threshold: {
    /** τ, squared L2. */
    readonly value: number
    readonly targetFpir: number
  } | null
  /** Of the hottest zone that the system tells of; `null` where it tells of none. */
  readonly temperatureC?: number | null
  readonly residentMb?: number
  readonly store?: {
    /** Of the database with its log. */
    readonly bytes: number
    /** Left on its disk. */
    readonly freeBytes: number
  }
  /** Time of recent frames in each stage, where it ran. */
  readonly stages?: Readonly<Record<string, { readonly p50Ms: number; readonly p95Ms: number }>>
}
