import { mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import {
  checkPackage,
  compareVersions,
  readSignedManifest,
  ReleaseError,
} from './release-manifest.js'
import type { Slots, Trial } from './slots.js'

/** What an update does to the running system. */
export interface Surroundings {
  readonly architecture: 'amd64' | 'arm64'
  readonly installedVersion: string
  readonly nowMs: () => number
  /** Unpacks a Debian package below a folder. @throws Error */
  unpack(packagePath: string, folder: string): void
  /** A verified copy of the store. @returns its path, or `null` where there is no store yet */
  backUp(version: string): string | null
  /** Restarts the daemon. @throws Error */
  restart(): void
  /** Whether the daemon decides at its door, right now. */
  isHealthy(): Promise<boolean>
  /** Whether the version that is in force can open the store. */
  canOpenStore(): boolean
  /** Puts a copy in the place of the store, which is kept aside. @throws Error */
  restore(backup: string): void
  /** Resolves later. */
  pause(ms: number): Promise<void>
  say(line: string): void
}

export interface Release {
  readonly manifest: Uint8Array
  readonly signature: string
  readonly publicKeyPem: string
  readonly packagePath: string
}

/** How long a new version has to become healthy. */
export const TRIAL_MS = 120_000
/** And for how long without a break it must be. */
const STEADY_MS = 10_000
const LOOK_EVERY_MS = 1000

/** How a trial ended. */
export type TrialEnd =
  | { readonly outcome: 'kept'; readonly version: string }
  | { readonly outcome: 'rolled-back'; readonly to: string | null; readonly restored: boolean }

/**
 * Puts a signed release beside the version that runs, switches to it and starts it on trial. Nothing is
 * unpacked before signature, version, size and hash hold.
 * @throws ReleaseError when the release is not to be trusted, not newer, or not for this board
 */
export function startTrial(release: Release, slots: Slots, around: Surroundings): Trial {
  const manifest = readSignedManifest(release.manifest, release.signature, release.publicKeyPem)
  const { version } = manifest
  if (slots.trial() !== undefined) {
    throw new ReleaseError(
      'trial-under-way',
      'another version is on trial',
      'wait, or end it: genkan update rollback',
    )
  }
  if (compareVersions(version, around.installedVersion) <= 0) {
    throw new ReleaseError(
      'not-newer',
      `version ${version} is not newer than ${around.installedVersion}`,
      'an older release may have known holes; remove genkan first if you want it',
    )
  }
  const file = manifest.files[around.architecture]
  if (file === undefined) {
    throw new ReleaseError(
      'no-file-for-this-board',
      `the release has no package for ${around.architecture}`,
      'ask who signed it',
    )
  }
  checkPackage(readFileSync(release.packagePath), file)

  const slot = slots.pathOf(version)
  const fresh = `${slot}.unpacking`
  rmSync(fresh, { recursive: true, force: true })
  mkdirSync(fresh)
  around.unpack(release.packagePath, fresh)
  rmSync(slot, { recursive: true, force: true })
  renameSync(fresh, slot)

  const trial: Trial = {
    version,
    previous: slots.current(),
    backup: around.backUp(version),
    startedAtMs: around.nowMs(),
  }
  // On record first: whatever is cut off from here on is put right by `finishTrial` at the next start.
  slots.beginTrial(trial)
  slots.switchTo(version)
  return trial
}

/**
 * Watches the version on trial and keeps it once it has been healthy for ten seconds without a break;
 * after two minutes without that, goes back. Also called at every start of the board.
 * @returns how it ended; `undefined` when nothing is on trial
 */
export async function finishTrial(
  slots: Slots,
  around: Surroundings,
): Promise<TrialEnd | undefined> {
  const trial = slots.trial()
  if (trial === undefined) return undefined
  const wasCutOff = slots.current() !== trial.version
  if (!wasCutOff && (await becomesHealthy(around))) {
    slots.endTrial()
    slots.keepOnly([trial.version, trial.previous])
    around.say(`version ${trial.version} is healthy and stays`)
    return { outcome: 'kept', version: trial.version }
  }
  return rollBack(slots, around)
}

async function becomesHealthy(around: Surroundings): Promise<boolean> {
  let waitedMs = 0
  let steadyMs = 0
  while (waitedMs < TRIAL_MS) {
    steadyMs = (await around.isHealthy()) ? steadyMs + LOOK_EVERY_MS : 0
    if (steadyMs >= STEADY_MS) return true
    await around.pause(LOOK_EVERY_MS)
    waitedMs += LOOK_EVERY_MS
  }
  return false
}

/**
 * Goes back to the version before the trial. Where that cannot open the store any more, since the newer
 * one changed its form, the copy from before is put in its place, and the store of the trial is kept aside.
 * @throws Error when nothing is on trial
 */
export function rollBack(slots: Slots, around: Surroundings): TrialEnd {
  const trial = slots.trial()
  if (trial === undefined) throw new Error('no version is on trial; there is nothing to go back to')
  slots.switchTo(trial.previous)
  let restored = false
  if (!around.canOpenStore() && trial.backup !== null) {
    around.restore(trial.backup)
    restored = true
  }
  around.restart()
  slots.endTrial()
  slots.remove(trial.version)
  around.say(
    `version ${trial.version} did not become healthy; ${trial.previous ?? 'the installed version'} runs again${restored ? ', with the store of before; the other is kept aside' : ''}`,
  )
  return { outcome: 'rolled-back', to: trial.previous, restored }
}
