import type { Settings } from '../../store/settings.js'

/** The settings as they stand. */
export interface SettingsStanding {
  readonly values: Settings
  /** Set here; the others are as configured. */
  readonly set: readonly (keyof Settings)[]
  /** Take effect at the next start only. */
  readonly atRestart: readonly (keyof Settings)[]
  /** Of those, the ones whose value is not yet in effect. */
  readonly awaitingRestart: readonly (keyof Settings)[]
}

/** What may be set while the daemon runs. */
export interface SettingsPort {
  read(): SettingsStanding
  /**
   * All or nothing.
   * @returns what does not go together, or `undefined`
   * @throws StoreError `invalid-value`
   */
  change(change: Partial<Settings>, actor: string): string | undefined
  reset(name: keyof Settings, actor: string): void
}

/** What the display at the door has to know. */
export interface KioskSettings extends Pick<
  Settings,
  'nameOnKiosk' | 'kioskLanguage' | 'kioskSound'
> {
  /** How long somebody waits after a denial. */
  readonly cooldownMs: number
}
