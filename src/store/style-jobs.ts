import type Database from 'better-sqlite3-multiple-ciphers'
import { z } from 'zod'

import type { AuditLog } from './audit.js'
import { truncateLog } from './database.js'
import { parseInput } from './input.js'
import { StoreError } from './store-error.js'

export const STYLE_JOB_STATES = ['queued', 'running', 'done', 'failed', 'cancelled'] as const
export type StyleJobState = (typeof STYLE_JOB_STATES)[number]

/** Which picture of a job: what it is made of, where it stands, what came of it. */
export type StylePart = 'content' | 'style' | 'checkpoint' | 'result' | 'thumbnail'

/** One picture to be painted; what it is asked for and how far it is, is for its painter to read. */
export interface StyleJobRow {
  readonly id: string
  readonly state: StyleJobState
  /** Who is in the content picture, where that is somebody enrolled; the job goes with them. */
  readonly personId: string | null
  readonly request: unknown
  readonly progress: unknown
  readonly failure: unknown
  /** How often it was begun since it last got ahead. */
  readonly starts: number
  readonly createdBy: string
  readonly createdAtMs: number
  readonly endedAtMs: number | null
}

/** A job to be kept. */
export interface NewStyleJob {
  readonly personId: string | null
  readonly request: unknown
  /** Absent where it is one that ships with genkan. */
  readonly content?: Uint8Array | undefined
  readonly style?: Uint8Array | undefined
}

/** How a job ended. */
export type StyleJobEnd =
  | {
      readonly state: 'done'
      readonly progress: unknown
      readonly result: Uint8Array
      readonly thumbnail: Uint8Array
    }
  | { readonly state: 'failed'; readonly failure: unknown }
  | { readonly state: 'cancelled' }

/** How much is kept. */
export interface StyleJobsHeld {
  readonly jobs: number
  /** Queued or running. */
  readonly unfinished: number
  /** Of all their pictures. */
  readonly bytes: number
}

/** The style jobs of the store, with their pictures. */
export interface StyleJobs {
  /** @throws StoreError `not-found` when the person is not there */
  create(job: NewStyleJob, actor: string): StyleJobRow
  get(id: string): StyleJobRow | undefined
  /** Newest first, before `beforeId` when given. */
  page(page: { readonly limit: number; readonly beforeId?: string }): {
    readonly jobs: StyleJobRow[]
    readonly more: boolean
  }
  /** What is to be done next: what was running when the process ended, then the oldest queued. */
  next(): StyleJobRow | undefined
  /** Notes that it is begun once more. @returns `undefined` when it is gone or ended */
  begin(id: string): StyleJobRow | undefined
  /** Notes how far it is, and from where it can go on. @returns false when it is gone or ended */
  advance(id: string, progress: unknown, checkpoint?: Uint8Array): boolean
  /** Ends it; of its pictures only the result stays. @returns false when it is gone or ended */
  end(id: string, end: StyleJobEnd): boolean
  picture(id: string, part: StylePart): Uint8Array | undefined
  /** Removes it with every picture, zeroed on disk. @returns false when there was none */
  delete(id: string, actor: string): boolean
  held(): StyleJobsHeld
  /** Every job with that person in it, oldest first. */
  ofPerson(personId: string): StyleJobRow[]
  /** Every picture made with that person in it. */
  picturesOfPerson(personId: string): Uint8Array[]
}

interface Row {
  id: string
  person_id: string | null
  state: StyleJobState
  request: string
  progress: string | null
  failure: string | null
  starts: number
  created_by: string
  created_at_ms: number
  ended_at_ms: number | null
}

const MAX_JSON_CHARACTERS = 16 * 1024
const MAX_PICTURE_BYTES = 48 * 1024 * 1024
const jsonSchema = z.string().max(MAX_JSON_CHARACTERS)
const pictureSchema = z
  .instanceof(Uint8Array)
  .refine((bytes) => bytes.length > 0 && bytes.length <= MAX_PICTURE_BYTES, 'has a wrong size')

function readJson(text: string | null): unknown {
  if (text === null) return null
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

const toJson = (value: unknown, name: string): string =>
  parseInput(jsonSchema, JSON.stringify(value), name)

const toJob = (row: Row): StyleJobRow => ({
  id: row.id,
  state: row.state,
  personId: row.person_id,
  request: readJson(row.request),
  progress: readJson(row.progress),
  failure: readJson(row.failure),
  starts: row.starts,
  createdBy: row.created_by,
  createdAtMs: row.created_at_ms,
  endedAtMs: row.ended_at_ms,
})

/** The {@link StyleJobs} of a database. */
export function createStyleJobs(
  database: Database.Database,
  options: { nowMs: () => number; newId: () => string; audit: AuditLog },
): StyleJobs {
  const { nowMs, newId, audit } = options
  const insert = database.prepare<[Omit<Row, 'progress' | 'failure' | 'starts' | 'ended_at_ms'>]>(
    `INSERT INTO style_jobs (id, person_id, state, request, created_by, created_at_ms)
     VALUES (@id, @person_id, @state, @request, @created_by, @created_at_ms)`,
  )
  const put = database.prepare<[string, StylePart, Uint8Array]>(
    `INSERT INTO style_pictures (job_id, part, bytes) VALUES (?, ?, ?)
     ON CONFLICT (job_id, part) DO UPDATE SET bytes = excluded.bytes`,
  )
  const select = database.prepare<[string], Row>('SELECT * FROM style_jobs WHERE id = ?')
  const selectPage = database.prepare<[{ before: string; limit: number }], Row>(
    `SELECT * FROM style_jobs WHERE @before = '' OR id < @before ORDER BY id DESC LIMIT @limit`,
  )
  const selectNext = database.prepare<[], Row>(
    `SELECT * FROM style_jobs WHERE state IN ('queued', 'running')
     ORDER BY state = 'queued', id LIMIT 1`,
  )
  const setBegun = database.prepare<[string]>(
    `UPDATE style_jobs SET state = 'running', starts = starts + 1
     WHERE id = ? AND state IN ('queued', 'running')`,
  )
  const setProgress = database.prepare<[{ id: string; progress: string; ahead: number }]>(
    `UPDATE style_jobs SET progress = @progress, starts = iif(@ahead = 1, 1, starts)
     WHERE id = @id AND state = 'running'`,
  )
  const setEnd = database.prepare<
    [Pick<Row, 'id' | 'state' | 'progress' | 'failure' | 'ended_at_ms'>]
  >(
    `UPDATE style_jobs SET state = @state, progress = coalesce(@progress, progress),
       failure = @failure, ended_at_ms = @ended_at_ms
     WHERE id = @id AND state IN ('queued', 'running')`,
  )
  const removePictures = database.prepare<[string]>('DELETE FROM style_pictures WHERE job_id = ?')
  const selectPicture = database
    .prepare<[string, StylePart], Buffer>(
      'SELECT bytes FROM style_pictures WHERE job_id = ? AND part = ?',
    )
    .pluck()
  const remove = database.prepare<[string]>('DELETE FROM style_jobs WHERE id = ?')
  const count = database.prepare<[], { jobs: number; unfinished: number }>(
    `SELECT count(*) AS jobs, count(*) FILTER (WHERE state IN ('queued', 'running')) AS unfinished
     FROM style_jobs`,
  )
  const sumBytes = database
    .prepare<[], number>('SELECT coalesce(sum(octet_length(bytes)), 0) FROM style_pictures')
    .pluck()
  const selectJobsOfPerson = database.prepare<[string], Row>(
    'SELECT * FROM style_jobs WHERE person_id = ? ORDER BY id',
  )
  const selectOfPerson = database
    .prepare<[string], Buffer>(
      `SELECT bytes FROM style_pictures JOIN style_jobs ON job_id = style_jobs.id
       WHERE person_id = ?`,
    )
    .pluck()
  const personExists = database
    .prepare<[string], number>('SELECT count(*) FROM persons WHERE id = ?')
    .pluck()

  const create = database.transaction((job: NewStyleJob, actor: string) => {
    if (job.personId !== null && personExists.get(job.personId) === 0) {
      throw new StoreError({
        code: 'not-found',
        what: `there is no person ${job.personId}`,
        cure: 'list the persons to see their ids',
      })
    }
    const id = newId()
    insert.run({
      id,
      person_id: job.personId,
      state: 'queued',
      request: toJson(job.request, 'request'),
      created_by: actor,
      created_at_ms: nowMs(),
    })
    for (const part of ['content', 'style'] as const) {
      const bytes = job[part]
      if (bytes === undefined) continue
      put.run(id, part, parseInput(pictureSchema, bytes, `${part} picture`))
    }
    audit.append({ actor, action: 'style-job.create', subjectId: id })
    return toJob(select.get(id) as Row)
  })

  const advance = database.transaction((id: string, progress: unknown, checkpoint?: Uint8Array) => {
    const text = toJson(progress, 'progress')
    const ahead = checkpoint === undefined ? 0 : 1
    if (setProgress.run({ id, progress: text, ahead }).changes === 0) return false
    if (checkpoint !== undefined) {
      put.run(id, 'checkpoint', parseInput(pictureSchema, checkpoint, 'checkpoint'))
    }
    return true
  })

  const end = database.transaction((id: string, how: StyleJobEnd) => {
    const { changes } = setEnd.run({
      id,
      state: how.state,
      progress: how.state === 'done' ? toJson(how.progress, 'progress') : null,
      failure: how.state === 'failed' ? toJson(how.failure, 'failure') : null,
      ended_at_ms: nowMs(),
    })
    if (changes === 0) return false
    removePictures.run(id)
    if (how.state === 'done') {
      put.run(id, 'result', parseInput(pictureSchema, how.result, 'result'))
      put.run(id, 'thumbnail', parseInput(pictureSchema, how.thumbnail, 'thumbnail'))
    }
    return true
  })

  const deleteOne = database.transaction((id: string, actor: string) => {
    if (remove.run(id).changes === 0) return false
    audit.append({ actor, action: 'style-job.delete', subjectId: id })
    return true
  })

  return {
    create: (job, actor) => create.immediate(job, actor),
    get(id) {
      const row = select.get(id)
      return row && toJob(row)
    },
    page({ limit, beforeId = '' }) {
      const rows = selectPage.all({ before: beforeId, limit: limit + 1 })
      return { jobs: rows.slice(0, limit).map(toJob), more: rows.length > limit }
    },
    next() {
      const row = selectNext.get()
      return row && toJob(row)
    },
    begin(id) {
      const row = setBegun.run(id).changes === 0 ? undefined : select.get(id)
      return row && toJob(row)
    },
    advance: (id, progress, checkpoint) => advance.immediate(id, progress, checkpoint),
    end(id, how) {
      const ended = end.immediate(id, how)
      if (ended) truncateLog(database)
      return ended
    },
    picture: (id, part) => selectPicture.get(id, part),
    delete(id, actor) {
      const deleted = deleteOne.immediate(id, actor)
      if (deleted) truncateLog(database)
      return deleted
    },
    held: () => ({ jobs: 0, unfinished: 0, ...count.get(), bytes: sumBytes.get() ?? 0 }),
    ofPerson: (personId) => selectJobsOfPerson.all(personId).map(toJob),
    picturesOfPerson: (personId) => selectOfPerson.all(personId),
  }
}
