import { randomBytes } from 'node:crypto'
import { closeSync, existsSync, openSync } from 'node:fs'
import { join } from 'node:path'

import type Database from 'better-sqlite3-multiple-ciphers'
import { monotonicFactory } from 'ulid'

import { createAdminTokens, type AdminTokens } from './admin-tokens.js'
import { createAuditLog, type AuditLog } from './audit.js'
import { createCommandsSeen, type CommandsSeen } from './commands-seen.js'
import { createBackups, removeLeftovers, secretOf, type Backups } from './backup.js'
import { createConsents, type Consents } from './consents.js'
import { createCounters } from './counters.js'
import { createDatabase } from './database.js'
import { createDecisions, type Decisions } from './decisions.js'
import { createDisplayPicture, type DisplayPicture } from './display-picture.js'
import { createDoorLog, type DoorLog } from './door-log.js'
import { examineDatabase, type DatabaseContent } from './examine.js'
import { createEncodings, type Encodings } from './encodings.js'
import { createErasure, type Erasure } from './erasure.js'
import { createFleetRules, type FleetRules } from './fleet-rules.js'
import { prepareFolder, STORE_FILES } from './folder.js'
import { createGroups, type Groups } from './groups.js'
import { createIdempotency, type Idempotency } from './idempotency.js'
import { acquireInstanceLock, type InstanceLock } from './instance-lock.js'
import { loadKey, type KeyOptions, type StoreKey } from './key.js'
import { createLearntHeads, type LearntHeads } from './learnt-heads.js'
import { createMemory, type Memory } from './memory.js'
import { schemaVersion } from './migrations.js'
import { createOpenAttempts, type OpenAttempts } from './open-attempts.js'
import { createNegatives, type Negatives } from './negatives.js'
import { createOutbox, DEFAULT_OUTBOX_BOUND, type Outbox, type OutboxBound } from './outbox.js'
import { createPersonsInside, type PersonsInside } from './persons-inside.js'
import { createPersons, type Persons } from './persons.js'
import { createReplica } from './replica/create-replica.js'
import type { Replica } from './replica/replica.js'
import { createSessions, type Sessions } from './sessions.js'
import { createRetention, type Retention } from './retention.js'
import { applyStagedRestore, type AppliedRestore } from './restore.js'
import { openWithKeys } from './rotate-key.js'
import { createSettings, type StoredSettings } from './settings.js'
import { guarded, guardedMethods } from './store-error.js'
import { createStyleJobs, type StyleJobs } from './style-jobs.js'
import { createTemplateCandidates, type TemplateCandidates } from './template-candidates.js'
import { createTemplates, type Templates } from './templates.js'

/** How to open the store. */
export interface StoreOptions {
  /** Made with mode 0700 when absent. */
  readonly folder: string
  /** Where the key is; `genkan.key` in the folder when nothing else is given. */
  readonly key?: KeyOptions
  /** Wall clock in ms since the epoch. */
  readonly nowMs: () => number
  readonly outboxBound?: OutboxBound
  /** Daemons (default) exclude each other; a short command may look in while a daemon runs. */
  readonly role?: 'daemon' | 'command'
}

/** Everything that must survive the process, in one encrypted database. */
export interface Store {
  readonly persons: Persons
  readonly templates: Templates
  readonly decisions: Decisions
  readonly openAttempts: OpenAttempts
  readonly outbox: Outbox
  readonly doorLog: DoorLog
  readonly commandsSeen: CommandsSeen
  readonly personsInside: PersonsInside
  readonly memory: Memory
  readonly adminTokens: AdminTokens
  readonly sessions: Sessions
  readonly groups: Groups
  readonly consents: Consents
  readonly negatives: Negatives
  readonly learntHeads: LearntHeads
  readonly templateCandidates: TemplateCandidates
  readonly settings: StoredSettings
  readonly idempotency: Idempotency
  readonly styleJobs: StyleJobs
  readonly displayPicture: DisplayPicture
  readonly encodings: Encodings
  readonly fleetRules: FleetRules
  readonly replica: Replica
  readonly erasure: Erasure
  readonly audit: AuditLog
  /** For the log and the doctor; nothing secret. */
  readonly info: {
    readonly path: string
    readonly keySource: StoreKey['source']
    readonly keyPath: string
    readonly schemaVersion: number
    /** The database was made by this call. */
    readonly created: boolean
    /** The restore that this opening put into effect, if one was staged. */
    readonly restored: AppliedRestore | undefined
  }
  readonly backups: Backups
  readonly retention: Retention
  /** Looks at every page, reference and audit row; takes its time. @throws StoreError `corrupt` */
  examine(): DatabaseContent
  /**
   * A number that differs once another process (a `command`) has committed something; the gallery held in
   * memory is then to be read again.
   */
  foreignChanges(): number
  /** Flushes the log into the database and lets go of the lock; harmless when repeated. */
  close(): void
}

function touchNewDatabase(folder: string): void {
  const path = join(folder, STORE_FILES.newDatabase)
  if (!existsSync(path)) closeSync(openSync(path, 'wx', 0o600))
}

interface Opened {
  readonly database: Database.Database
  readonly key: Omit<StoreKey, 'bytes'>
  readonly created: boolean
  readonly restored: AppliedRestore | undefined
}

/**
 * The marker `genkan.db.new` is there before the key is, so that a key without a database and without
 * the marker means a lost database and not an interrupted first start.
 */
function openOrCreate(
  { folder, key: keyOptions = {}, nowMs }: StoreOptions,
  isLocked: boolean,
): Opened {
  const exists = existsSync(join(folder, STORE_FILES.database))
  const keyFile = join(folder, STORE_FILES.key)
  const interrupted = existsSync(join(folder, STORE_FILES.newDatabase))
  const isStaged = existsSync(join(folder, STORE_FILES.staged))
  const firstStart = !exists && !isStaged && (interrupted || !existsSync(keyFile))
  if (firstStart) guarded(folder, () => touchNewDatabase(folder))
  const key = loadKey(folder, keyOptions, firstStart)
  try {
    const restored = isLocked ? applyStagedRestore(folder, key.bytes, nowMs) : undefined
    const created = !exists && restored === undefined && (firstStart || key.source !== 'folder')
    if (created) createDatabase(folder, key.bytes)
    const database = openWithKeys(folder, key, isLocked)
    return { database, key: { source: key.source, path: key.path }, created, restored }
  } finally {
    key.bytes.fill(0)
  }
}

function assemble(opened: Opened, lock: InstanceLock | undefined, options: StoreOptions): Store {
  const { database, key, created, restored } = opened
  const { nowMs } = options
  const path = join(options.folder, STORE_FILES.database)
  const ulid = monotonicFactory(() => randomBytes(4).readUInt32LE() / 2 ** 32)
  const newId = (): string => ulid(nowMs())
  const audit = createAuditLog(database, nowMs)
  const counters = createCounters(database)
  const memory = createMemory(database)
  const audited = { nowMs, newId, audit }
  const templates = createTemplates(database, audited)
  return {
    persons: guardedMethods(path, createPersons(database, audited)),
    templates: guardedMethods(path, templates),
    templateCandidates: guardedMethods(
      path,
      createTemplateCandidates(database, { ...audited, templates }),
    ),
    decisions: guardedMethods(path, createDecisions(database, { nowMs, counters })),
    openAttempts: guardedMethods(path, createOpenAttempts(memory)),
    outbox: guardedMethods(
      path,
      createOutbox(database, {
        nowMs,
        counters,
        audit,
        bound: options.outboxBound ?? DEFAULT_OUTBOX_BOUND,
      }),
    ),
    doorLog: guardedMethods(path, createDoorLog(database, { ...audited, memory })),
    commandsSeen: guardedMethods(path, createCommandsSeen(database, nowMs)),
    personsInside: guardedMethods(path, createPersonsInside(database, nowMs)),
    memory: guardedMethods(path, memory),
    adminTokens: guardedMethods(path, createAdminTokens(database, audited)),
    sessions: guardedMethods(path, createSessions(database, audited)),
    groups: guardedMethods(path, createGroups(database, audited)),
    consents: guardedMethods(path, createConsents(database, audited)),
    negatives: guardedMethods(path, createNegatives(database, audited)),
    learntHeads: guardedMethods(path, createLearntHeads(database, audited)),
    settings: guardedMethods(path, createSettings(database, { audit })),
    erasure: guardedMethods(
      path,
      createErasure(path, () => secretOf(options.folder, options.key ?? {}, {})),
    ),
    encodings: guardedMethods(path, createEncodings(database)),
    fleetRules: guardedMethods(path, createFleetRules(database, audited)),
    replica: guardedMethods(path, createReplica(database, audited)),
    idempotency: guardedMethods(path, createIdempotency(database, { nowMs })),
    styleJobs: guardedMethods(path, createStyleJobs(database, audited)),
    displayPicture: guardedMethods(path, createDisplayPicture(database, audited)),
    audit: guardedMethods(path, audit),
    info: {
      path,
      keySource: key.source,
      keyPath: key.path,
      schemaVersion: schemaVersion(database),
      created,
      restored,
    },
    backups: createBackups({
      folder: options.folder,
      key: options.key ?? {},
      audit: guardedMethods(path, audit),
    }),
    retention: createRetention(database, {
      folder: options.folder,
      nowMs,
      audit: guardedMethods(path, audit),
    }),
    examine: () => guarded(path, () => examineDatabase(database, path)),
    foreignChanges: () =>
      guarded(path, () => Number(database.pragma('data_version', { simple: true }))),
    close() {
      try {
        guarded(path, () => database.close())
      } finally {
        lock?.release()
      }
    },
  }
}

/**
 * Opens the store, or makes it at the first start: folder, lock, key, database, integrity, migrations.
 * @throws StoreError with what happened and its cure; nothing stays open or locked then
 */
export function openStore(options: StoreOptions): Store {
  const { folder } = options
  prepareFolder(folder)
  const isFirstStart = !existsSync(join(folder, STORE_FILES.database))
  const daemon = (options.role ?? 'daemon') === 'daemon'
  const lock =
    daemon || isFirstStart ? acquireInstanceLock(join(folder, STORE_FILES.lock)) : undefined
  let opened: Opened | undefined
  try {
    if (daemon) guarded(folder, () => removeLeftovers(folder))
    opened = openOrCreate(options, lock !== undefined)
    const store = assemble(opened, daemon ? lock : undefined, options)
    if (!daemon) lock?.release()
    return store
  } catch (error) {
    opened?.database.close()
    lock?.release()
    throw error
  }
}
