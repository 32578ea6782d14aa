import { readdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'

import type Database from 'better-sqlite3-multiple-ciphers'

import type { AuditLog } from './audit.js'
import { truncateLog } from './database.js'
import { STORE_FILES } from './folder.js'
import { guarded } from './store-error.js'

/** For how long what is kept; `null` keeps it for ever. */
export interface RetentionRules {
  readonly decisionsDays: number | null
  /**
   * Enrolment pictures, from their enrolment on. The template stays and goes on matching; without its
   * picture it cannot be made anew for another encoder.
   */
  readonly picturesDays: number | null
}

/** What a purge removed, or would remove. */
export interface RetentionReport {
  readonly dryRun: boolean
  readonly decisions: number
  readonly pictures: number
  /** Databases that a restore kept aside, each at most {@link ASIDE_DAYS} old. */
  readonly databases: number
  /** Decisions beyond their time that stay because no broker has acknowledged them yet. */
  readonly undelivered: number
}

/** Removes what is beyond its time. */
export interface Retention {
  /**
   * Zeroes the bytes of what it removes, in small transactions with pauses, so that the door goes on.
   * Undelivered decisions always stay. A row in the audit says how much went.
   * @throws StoreError
   */
  purge(
    rules: RetentionRules,
    options: { readonly dryRun: boolean; readonly actor: string },
  ): Promise<RetentionReport>
}

/** How long a database that a restore replaced is kept. */
export const ASIDE_DAYS = 30

const DAY_MS = 24 * 3_600_000
const BATCH = 200

/** Nothing is beyond a time of `null`. */
const before = (nowMs: number, days: number | null): number =>
  days === null ? Number.MIN_SAFE_INTEGER : nowMs - days * DAY_MS

/** The {@link Retention} of a database. */
export function createRetention(
  database: Database.Database,
  options: { readonly folder: string; readonly nowMs: () => number; readonly audit: AuditLog },
): Retention {
  const { folder, nowMs, audit } = options
  const path = join(folder, STORE_FILES.database)
  const old = `FROM decisions WHERE decided_at_ms < ?`
  const countDecisions = database
    .prepare<[number], number>(`SELECT count(*) ${old} AND delivery <> 'pending'`)
    .pluck()
  const countUndelivered = database
    .prepare<[number], number>(`SELECT count(*) ${old} AND delivery = 'pending'`)
    .pluck()
  const deleteDecisions = database.prepare<[number]>(
    `DELETE FROM decisions WHERE sequence IN
       (SELECT sequence ${old} AND delivery <> 'pending' ORDER BY sequence LIMIT ${BATCH})`,
  )
  const oldPictures = 'FROM templates WHERE enrolled_at_ms < ? AND length(crop_png) > 0'
  const countPictures = database.prepare<[number], number>(`SELECT count(*) ${oldPictures}`).pluck()
  const deletePictures = database.prepare<[number]>(
    `UPDATE templates SET crop_png = x'' WHERE id IN (SELECT id ${oldPictures} LIMIT ${BATCH})`,
  )

  async function inBatches(
    statement: Database.Statement<[number]>,
    cutMs: number,
  ): Promise<number> {
    let total = 0
    for (;;) {
      const { changes } = guarded(path, () => statement.run(cutMs))
      total += changes
      if (changes < BATCH) return total
      await new Promise((resolve) => setImmediate(resolve))
    }
  }

  const oldDatabases = (): string[] =>
    guarded(folder, () =>
      readdirSync(folder)
        .filter((name) => name.startsWith(STORE_FILES.aside))
        .map((name) => join(folder, name))
        .filter((file) => statSync(file).ctimeMs < before(nowMs(), ASIDE_DAYS)),
    )

  return {
    async purge(rules, { dryRun, actor }) {
      const now = nowMs()
      const decisionsCutMs = before(now, rules.decisionsDays)
      const picturesCutMs = before(now, rules.picturesDays)
      const databases = oldDatabases()
      const undelivered = guarded(path, () => countUndelivered.get(decisionsCutMs)) ?? 0
      if (!dryRun) guarded(folder, () => databases.forEach((file) => rmSync(file, { force: true })))
      const decisions = dryRun
        ? (guarded(path, () => countDecisions.get(decisionsCutMs)) ?? 0)
        : await inBatches(deleteDecisions, decisionsCutMs)
      const pictures = dryRun
        ? (guarded(path, () => countPictures.get(picturesCutMs)) ?? 0)
        : await inBatches(deletePictures, picturesCutMs)
      if (!dryRun && decisions + pictures > 0) guarded(path, () => truncateLog(database))
      audit.append({
        actor,
        action: dryRun ? 'retention.preview' : 'retention.purge',
        subjectId: `decisions ${decisions}, pictures ${pictures}, databases ${databases.length}`,
      })
      return { dryRun, decisions, pictures, databases: databases.length, undelivered }
    },
  }
}
