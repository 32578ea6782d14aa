import { createHash, timingSafeEqual } from 'node:crypto'
import { setImmediate as turn } from 'node:timers/promises'

import type Database from 'better-sqlite3-multiple-ciphers'
import { z } from 'zod'

import { parseInput } from './input.js'

/** Who does something: a kind and, where there is one, an id: `cli`, `system`, `token:01J…`. */
export const actorSchema = z.string().regex(/^[a-z][a-z0-9-]{0,31}(:[0-9A-Za-z-]{1,64})?$/)

const actionSchema = z.string().regex(/^[a-z][a-z0-9-]{0,31}(\.[a-z][a-z0-9-]{0,31}){0,3}$/)
const subjectSchema = z.string().min(1).max(128)

/** One line of the audit: who did what to whom, and when. Holds ids, never names. */
export interface AuditEntry {
  /** 1, 2, 3, … without gaps. */
  readonly sequence: number
  readonly atMs: number
  readonly actor: string
  /** Dotted, such as `person.delete`. */
  readonly action: string
  readonly subjectId: string | null
}

/** A line with its place in the chain, hashes as hex. */
export interface AuditLink extends AuditEntry {
  readonly previousHash: string
  readonly hash: string
}

/** Where the chain ends; kept elsewhere (a printout, another machine), it also proves nothing was cut off. */
export interface AuditHead {
  readonly sequence: number
  /** SHA-256 as hex. */
  readonly hash: string
}

/** Whether the chain holds, and if not, the first row where it breaks. */
export type AuditVerdict =
  | { readonly intact: true; readonly head: AuditHead }
  | { readonly intact: false; readonly sequence: number; readonly what: string }

/** Append-only rows, each holding the hash of the one before. */
export interface AuditLog {
  /** @throws StoreError `invalid-value` for a malformed actor, action or subject id */
  append(entry: { actor: string; action: string; subjectId?: string }): AuditEntry
  /** Newest first, before `beforeSequence` when given. */
  list(page: { limit: number; beforeSequence?: number }): AuditEntry[]
  head(): AuditHead
  /** Oldest first, for keeping elsewhere. */
  linksAfter(sequence: number, limit: number): AuditLink[]
  /** All that was done to one subject, oldest first, at most 10,000. */
  about(subjectId: string): AuditEntry[]
  /** Walks the whole chain; `expected` is a head kept elsewhere that must lie on it. */
  verify(expected?: AuditHead): AuditVerdict
  /** The same with pauses, in which the door and the audit itself go on. */
  verifyInSteps(expected?: AuditHead): Promise<AuditVerdict>
}

interface Row {
  sequence: number
  at_ms: number
  actor: string
  action: string
  subject_id: string | null
  previous_hash: Buffer
  hash: Buffer
}

/** Some 2 ms of a small board's core. */
const STEP_ROWS = 200

const GENESIS = createHash('sha256').update('genkan audit').digest()

function hashOf(row: Omit<Row, 'hash'>): Buffer {
  const content = [
    row.sequence,
    row.at_ms,
    row.actor,
    row.action,
    row.subject_id,
    row.previous_hash.toString('hex'),
  ]
  return createHash('sha256').update(JSON.stringify(content)).digest()
}

function toEntry(row: Row): AuditEntry {
  return {
    sequence: row.sequence,
    atMs: row.at_ms,
    actor: row.actor,
    action: row.action,
    subjectId: row.subject_id,
  }
}

/** Whether a line that was kept elsewhere is the next of the chain; `undefined`: nothing is before it. */
export function followsLink(previous: AuditLink | undefined, link: AuditLink): boolean {
  const { sequence, atMs, actor, action, subjectId } = link
  const before = previous?.hash ?? GENESIS.toString('hex')
  if (sequence !== (previous?.sequence ?? 0) + 1 || link.previousHash !== before) return false
  const previous_hash = Buffer.from(link.previousHash, 'hex')
  const row = { sequence, at_ms: atMs, actor, action, subject_id: subjectId, previous_hash }
  return hashOf(row).toString('hex') === link.hash
}

const same = (a: Buffer, b: Buffer): boolean => a.length === b.length && timingSafeEqual(a, b)

/** Follows the chain row by row. */
function createWalk(expected: AuditHead | undefined) {
  let previous: Pick<Row, 'sequence' | 'hash'> = { sequence: 0, hash: GENESIS }
  const broken = (sequence: number, what: string): AuditVerdict => ({
    intact: false,
    sequence,
    what,
  })
  return {
    sequence: () => previous.sequence,

    /** @returns what is wrong with the row, if anything is */
    take(row: Row): AuditVerdict | undefined {
      const sequence = previous.sequence + 1
      if (row.sequence !== sequence) return broken(sequence, `row ${sequence} is missing`)
      if (!same(row.previous_hash, previous.hash) || !same(row.hash, hashOf(row))) {
        return broken(sequence, `row ${sequence} was changed or moved`)
      }
      if (expected?.sequence === sequence && expected.hash !== row.hash.toString('hex')) {
        return broken(sequence, `row ${sequence} is not the one noted earlier`)
      }
      previous = row
      return undefined
    },

    end(head: Pick<Row, 'sequence' | 'hash'>): AuditVerdict {
      const end = Math.max(head.sequence, expected?.sequence ?? 0)
      const { sequence, hash } = previous
      if (sequence !== end || !same(hash, head.hash)) {
        return broken(sequence + 1, `the chain ends at row ${sequence}, not ${end}`)
      }
      return { intact: true, head: { sequence, hash: hash.toString('hex') } }
    },
  }
}

/** The audit of a database; `nowMs` is the wall clock. */
export function createAuditLog(database: Database.Database, nowMs: () => number): AuditLog {
  const selectHead = database.prepare<[], { sequence: number; hash: Buffer }>(
    'SELECT sequence, hash FROM audit_head',
  )
  const upsertHead = database.prepare(
    `INSERT INTO audit_head (id, sequence, hash) VALUES (1, ?, ?)
     ON CONFLICT (id) DO UPDATE SET sequence = excluded.sequence, hash = excluded.hash`,
  )
  const insert = database.prepare(
    `INSERT INTO audit (sequence, at_ms, actor, action, subject_id, previous_hash, hash)
     VALUES (@sequence, @at_ms, @actor, @action, @subject_id, @previous_hash, @hash)`,
  )
  const page = database.prepare<[number, number], Row>(
    'SELECT * FROM audit WHERE sequence < ? ORDER BY sequence DESC LIMIT ?',
  )
  const everything = database.prepare<[], Row>('SELECT * FROM audit ORDER BY sequence')

  const step = database.prepare<[number, number], Row>(
    'SELECT * FROM audit WHERE sequence > ? ORDER BY sequence LIMIT ?',
  )
  const ofSubject = database.prepare<[string], Row>(
    'SELECT * FROM audit WHERE subject_id = ? ORDER BY sequence LIMIT 10000',
  )

  const headRow = (): { sequence: number; hash: Buffer } =>
    selectHead.get() ?? { sequence: 0, hash: GENESIS }

  const append = database.transaction(
    (entry: { actor: string; action: string; subjectId?: string }): AuditEntry => {
      const head = headRow()
      const content = {
        sequence: head.sequence + 1,
        at_ms: nowMs(),
        actor: parseInput(actorSchema, entry.actor, 'actor'),
        action: parseInput(actionSchema, entry.action, 'action'),
        subject_id:
          entry.subjectId === undefined
            ? null
            : parseInput(subjectSchema, entry.subjectId, 'subject id'),
        previous_hash: head.hash,
      }
      const row = { ...content, hash: hashOf(content) }
      insert.run(row)
      upsertHead.run(row.sequence, row.hash)
      return toEntry(row)
    },
  )

  return {
    append: (entry) => append.immediate(entry),

    list: ({ limit, beforeSequence }) =>
      page.all(beforeSequence ?? Number.MAX_SAFE_INTEGER, limit).map(toEntry),

    head() {
      const { sequence, hash } = headRow()
      return { sequence, hash: hash.toString('hex') }
    },

    linksAfter: (sequence, limit) =>
      step.all(sequence, limit).map((row) => ({
        ...toEntry(row),
        previousHash: row.previous_hash.toString('hex'),
        hash: row.hash.toString('hex'),
      })),

    about: (subjectId) => ofSubject.all(subjectId).map(toEntry),

    verify(expected) {
      const walk = createWalk(expected)
      for (const row of everything.iterate()) {
        const fault = walk.take(row)
        if (fault !== undefined) return fault
      }
      return walk.end(headRow())
    },

    async verifyInSteps(expected) {
      const walk = createWalk(expected)
      for (;;) {
        const rows = step.all(walk.sequence(), STEP_ROWS)
        for (const row of rows) {
          const fault = walk.take(row)
          if (fault !== undefined) return fault
        }
        if (rows.length < STEP_ROWS) return walk.end(headRow())
        await turn()
      }
    },
  }
}
