import { spawnSync } from 'node:child_process'
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { packageRoot } from '../config/paths.js'

/** What a command said that ran as the store's own user. */
export interface CommandResult {
  readonly ok: boolean
  readonly said: string
}

/**
 * Runs another genkan command as whoever owns the store: root must leave no file there that the daemon
 * cannot open.
 * @param storeFolder the store's folder; where it is not there yet, this process's own user is taken
 */
export function runAsStoreUser(args: readonly string[], storeFolder: string): CommandResult {
  const owner = statSync(storeFolder, { throwIfNoEntry: false })
  const isRoot = process.getuid?.() === 0
  const done = spawnSync(process.execPath, [join(packageRoot, 'build', 'src', 'cli.js'), ...args], {
    encoding: 'utf8',
    ...(isRoot && owner !== undefined && owner.uid !== 0 ? { uid: owner.uid, gid: owner.gid } : {}),
  })
  if (done.error !== undefined) return { ok: false, said: done.error.message }
  const ok = done.status === 0
  return { ok, said: (ok ? done.stdout : `${done.stdout}${done.stderr}`).trim() }
}
