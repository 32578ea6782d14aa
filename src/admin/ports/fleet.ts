import type { Awaitable } from './awaitable.js'

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
  /** Groups that the door says it admits; empty for everybody, or for nobody. */
  readonly groups: readonly string[]
  readonly admitsNobody: boolean
  /** What the fleet says that it shall admit; `null` where it leaves that to the door's configuration. */
  readonly rule: AdmissionRule | null
  /** How far it has read the record. */
  readonly sequence: number | null
  /** Changes that wait there. */
  readonly pending: number | null
}

/** Whom a door shall admit. */
export interface AdmissionRule {
  /** `null` for everybody; none for nobody. */
  readonly groups: readonly string[] | null
}

/** Doors that come to another encoder, stage by stage. */
export interface RolloutEntry {
  readonly from: string
  readonly to: string
  readonly stages: number
  /** 0 while no door uses it; one more than there are stages for every door. */
  readonly reached: number
  /** Why it should not go further yet; empty when it may, or when the database cannot be asked. */
  readonly hindrances: readonly string[]
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
  readonly rollout: RolloutEntry | null
}

/** The fleet this door is in. */
export interface FleetPort {
  view(): Awaitable<FleetView>
  /** Says whom a door of the fleet shall admit; it holds there as soon as the door hears of it. */
  setAdmits(
    kiosk: string,
    rule: AdmissionRule,
    actor: string,
  ): 'set' | 'no-such-door' | 'no-such-group'
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
    rollout: null,
  }),
  setAdmits: () => 'no-such-door',
}
