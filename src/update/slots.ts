import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { z } from 'zod'

const trialSchema = z.strictObject({
  /** The version on trial. */
  version: z.string(),
  /** Slot to go back to; `null` is the version that the system's own package installed. */
  previous: z.string().nullable(),
  /** Copy of the store from before the trial. */
  backup: z.string().nullable(),
  startedAtMs: z.int(),
})

/** A version that runs, but has yet to show that it is healthy. */
export type Trial = z.output<typeof trialSchema>

/**
 * The versions on a board, side by side, and the link that says which runs. The link is switched by
 * rename(2), so that a power cut leaves the one or the other.
 */
export interface Slots {
  readonly folder: string
  /** Name of the slot that runs; `null` for the version of the system's own package. */
  current(): string | null
  /** Folder of a slot, which may not be there yet. */
  pathOf(name: string): string
  /** Lets another slot run from the next start of the service on. */
  switchTo(name: string | null): void
  trial(): Trial | undefined
  beginTrial(trial: Trial): void
  endTrial(): void
  remove(name: string): void
  /** Removes every version but the named ones. */
  keepOnly(names: readonly (string | null)[]): void
}

const CURRENT = 'current'
const TRIAL_FILE = 'trial.json'
const SLOT_NAME = /^[0-9]+\.[0-9]+\.[0-9]+$/

function syncFolder(path: string): void {
  const descriptor = openSync(path, 'r')
  try {
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}

/** @param folder made if it is not there; `/var/lib/genkan-releases` on a board */
export function openSlots(folder: string): Slots {
  mkdirSync(folder, { recursive: true, mode: 0o755 })
  const link = join(folder, CURRENT)
  const trialPath = join(folder, TRIAL_FILE)
  const pathOf = (name: string) => {
    if (!SLOT_NAME.test(name)) throw new Error(`${JSON.stringify(name)} is no name of a version`)
    return join(folder, name)
  }
  return {
    folder,
    pathOf,
    current() {
      try {
        return readlinkSync(link)
      } catch {
        return null
      }
    },
    switchTo(name) {
      if (name === null) {
        rmSync(link, { force: true })
      } else {
        if (!existsSync(pathOf(name))) throw new Error(`there is no version ${name} in ${folder}`)
        const next = `${link}.new`
        rmSync(next, { force: true })
        symlinkSync(name, next)
        renameSync(next, link)
      }
      syncFolder(folder)
    },
    trial() {
      if (!existsSync(trialPath)) return undefined
      return trialSchema.parse(JSON.parse(readFileSync(trialPath, 'utf8')))
    },
    beginTrial(trial) {
      const next = `${trialPath}.new`
      const descriptor = openSync(next, 'w', 0o644)
      try {
        writeSync(descriptor, JSON.stringify(trial))
        fsyncSync(descriptor)
      } finally {
        closeSync(descriptor)
      }
      renameSync(next, trialPath)
      syncFolder(dirname(trialPath))
    },
    endTrial() {
      rmSync(trialPath, { force: true })
      syncFolder(folder)
    },
    remove(name) {
      rmSync(pathOf(name), { recursive: true, force: true })
    },
    keepOnly(names) {
      for (const name of readdirSync(folder)) {
        if (SLOT_NAME.test(name) && !names.includes(name)) {
          rmSync(join(folder, name), { recursive: true })
        }
      }
    },
  }
}
