import type { SettingsPort } from './admin/ports/settings.js'
import type { Config } from './config/schema.js'
import type { Settings, StoredSettings } from './store/settings.js'

/** The settings in force, and the desk's hand on them. */
export interface LiveSettings extends SettingsPort {
  /** Cheap: asked for at every frame. */
  values(): Settings
  /** Reads them anew, because another process may have changed the store. */
  reload(): void
}

/** Built into the line of judgement when it is opened. */
const AT_RESTART = ['askAfterMs'] as const satisfies (keyof Settings)[]

/** What the configuration says, where nothing is set at the desk. */
function configured({ liveness, matching, store }: Config): Settings {
  return {
    askAfterMs: liveness.askAfterMs,
    targetFpir: matching.targetFpir,
    nameOnKiosk: 'masked',
    kioskLanguage: 'en',
    kioskSound: true,
    ...store.retention,
  }
}

/**
 * Lays what is set at the desk over the configuration.
 * @param stored read once here: what takes effect at a restart is in effect as it stands now
 */
export function createLiveSettings(stored: StoredSettings, config: Config): LiveSettings {
  const preset = configured(config)
  let set = stored.all()
  let values: Settings = { ...preset, ...set }
  const atStart = values

  function reload(): void {
    set = stored.all()
    values = { ...preset, ...set }
  }

  return {
    values: () => values,
    reload,
    read: () => ({
      values,
      set: (Object.keys(set) as (keyof Settings)[]).sort(),
      atRestart: AT_RESTART,
      awaitingRestart: AT_RESTART.filter((name) => values[name] !== atStart[name]),
    }),
    change(change, actor) {
      const { attemptTimeoutMs } = config.liveness
      if (change.askAfterMs !== undefined && change.askAfterMs >= attemptTimeoutMs) {
        return `askAfterMs must be shorter than an attempt, ${attemptTimeoutMs} ms`
      }
      stored.change(change, actor)
      reload()
      return undefined
    },
    reset(name, actor) {
      stored.reset(name, actor)
      reload()
    },
  }
}
