import type { Awaitable } from './ports.js'

/** A door of the fleet with what it last said of itself. */
export interface FleetDoorEntry {
  readonly kiosk: string
  readonly name: string
  readonly standing: 'member' | 'removed' | 'unknown'
  readonly isThis: boolean
  /** ISO 8601, by the server's clock. */
  readonly seenAt: string | null
  readonly version: string | null
  readonly door: string | null
  readonly health: 'online' | 'degraded' | null
  readonly cause: string | null
  /** Model ids by what they do. */
  readonly models: Readonly<Record<string, string>>
  /** SHA-256 of the calibration in force, its beginning. */
  readonly calibration: string | null
  /** Groups that the door admits; empty for everybody. */
  readonly groups: readonly string[]
  /** How far it has read the record. */
  readonly sequence: number | null
  /** Changes that wait there. */
  readonly pending: number | null
}

/** The fleet as one door sees it. */
export interface FleetView {
  /** `alone`: this door is in no fleet. */
  readonly state: 'alone' | 'connecting' | 'connected' | 'degraded'
  readonly trouble: { readonly cause: string; readonly cure: string } | null
  /** Minutes since the record was known to be read whole; `null` when never, or alone. */
  readonly ageMinutes: number | null
  readonly pending: number
  /** `null` while the database cannot be asked. */
  readonly doors: readonly FleetDoorEntry[] | null
  /** Two persons with one face. */
  readonly duplicates: readonly { readonly personId: string; readonly otherId: string }[]
}

/** The fleet this door is in. */
export interface FleetPort {
  view(): Awaitable<FleetView>
}

/** Of a door of its own. */
export const ALONE: FleetPort = {
  view: () => ({
    state: 'alone',
    trouble: null,
    ageMinutes: null,
    pending: 0,
    doors: [],
    duplicates: [],
  }),
}
