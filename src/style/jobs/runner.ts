import type { Child, StartChild } from './child.js'
import type { Report } from './messages.js'
import { jobFailureSchema, jobProgressSchema, jobRequestSchema } from './request.js'
import type { JobFailure, JobProgress, JobRequest } from './request.js'

export type JobState = 'queued' | 'running' | 'done' | 'failed' | 'cancelled'

/** A job as it is kept; `unknown` is what the records hold and this module reads. */
export interface JobRecord {
  readonly id: string
  readonly state: JobState
  readonly personId: string | null
  readonly request: unknown
  readonly progress: unknown
  readonly failure: unknown
  readonly starts: number
  readonly createdBy: string
  readonly createdAtMs: number
  readonly endedAtMs: number | null
}

type JobPart = 'content' | 'style' | 'checkpoint' | 'result' | 'thumbnail'

/** Where jobs are kept: encrypted, and gone when deleted. */
export interface JobRecords {
  create(
    job: {
      readonly personId: string | null
      readonly request: unknown
      readonly content?: Uint8Array | undefined
      readonly style?: Uint8Array | undefined
    },
    actor: string,
  ): JobRecord
  get(id: string): JobRecord | undefined
  page(page: { readonly limit: number; readonly beforeId?: string }): {
    readonly jobs: readonly JobRecord[]
    readonly more: boolean
  }
  next(): JobRecord | undefined
  begin(id: string): JobRecord | undefined
  advance(id: string, progress: unknown, checkpoint?: Uint8Array): boolean
  end(
    id: string,
    end:
      | {
          readonly state: 'done'
          readonly progress: unknown
          readonly result: Uint8Array
          readonly thumbnail: Uint8Array
        }
      | { readonly state: 'failed'; readonly failure: unknown }
      | { readonly state: 'cancelled' },
  ): boolean
  picture(id: string, part: JobPart): Uint8Array | undefined
  delete(id: string, actor: string): boolean
  held(): { readonly jobs: number; readonly unfinished: number; readonly bytes: number }
}

/** A job as others see it. */
export interface StyleJob {
  readonly id: string
  readonly state: JobState
  readonly request: JobRequest
  readonly personId: string | null
  readonly progress: JobProgress | null
  readonly failure: JobFailure | null
  readonly createdBy: string
  readonly createdAtMs: number
  readonly endedAtMs: number | null
}

/** What may be painted. */
export interface NewJob {
  readonly request: JobRequest
  readonly personId: string | null
  /** Encoded, bounded, free of what a file says beside its pixels; absent of library pictures. */
  readonly content?: Uint8Array | undefined
  readonly style?: Uint8Array | undefined
}

/** How much may wait and how much may be kept. */
export interface JobLimits {
  readonly maxQueued: number
  readonly maxKept: number
  readonly maxKeptBytes: number
}

export type Submitted =
  | { readonly outcome: 'queued'; readonly job: StyleJob }
  | { readonly outcome: 'queue-full' | 'gallery-full' }

/** Something about a job that a viewer should see at once. */
export type JobEvent =
  | { readonly type: 'job'; readonly job: StyleJob }
  | { readonly type: 'preview'; readonly jpeg: Uint8Array }
  /** It was deleted. */
  | { readonly type: 'gone' }

/** Paints queued jobs, one at a time, in a process of their own. */
export interface StyleRunner {
  submit(job: NewJob, actor: string): Submitted
  list(page: { readonly limit: number; readonly beforeId?: string }): {
    readonly jobs: readonly StyleJob[]
    readonly more: boolean
  }
  get(id: string): StyleJob | undefined
  /** The picture as it stands, of the running job; JPEG. */
  preview(id: string): Uint8Array | undefined
  picture(id: string, part: 'result' | 'thumbnail'): Uint8Array | undefined
  /** @returns false when it is gone or has ended already */
  cancel(id: string): boolean
  /** @returns false when there was none */
  delete(id: string, actor: string): boolean
  /** @returns a function that ends the subscription */
  subscribe(id: string, listener: (event: JobEvent) => void): () => void
  /** Drops what runs when its job is gone from the records, such as with a person. */
  lookAround(): void
  /** What is under way stays in the records and goes on at the next start. */
  stop(): void
}

export interface RunnerParts {
  readonly records: JobRecords
  readonly startChild: StartChild
  readonly limits: JobLimits
  readonly threads: number
  readonly executionProviders: readonly string[]
  readonly onFault: (what: string, details: object) => void
  readonly previewEveryMs?: number
  readonly checkpointEveryMs?: number
  /** Pause before a job is begun again whose process died. */
  readonly retryMs?: number
}

/** A job whose process dies this often without getting ahead will not do better another time. */
const MAX_STARTS = 4
const PREVIEW_EVERY_MS = 700
const CHECKPOINT_EVERY_MS = 8000
const RETRY_MS = 1000

function toJob(record: JobRecord): StyleJob | undefined {
  const request = jobRequestSchema.safeParse(record.request)
  if (!request.success) return undefined
  const { id, state, personId, createdBy, createdAtMs, endedAtMs } = record
  return {
    id,
    state,
    personId,
    createdBy,
    createdAtMs,
    endedAtMs,
    request: request.data,
    progress: jobProgressSchema.safeParse(record.progress).data ?? null,
    failure: jobFailureSchema.safeParse(record.failure).data ?? null,
  }
}

interface Running {
  readonly id: string
  readonly child: Child
  preview: Uint8Array | undefined
}

/** Takes up what an earlier process left, and then what is submitted. */
export function createStyleRunner(parts: RunnerParts): StyleRunner {
  const { records, startChild, limits, threads, executionProviders, onFault } = parts
  const listeners = new Map<string, Set<(event: JobEvent) => void>>()
  let running: Running | undefined
  let stopped = false
  let retry: NodeJS.Timeout | undefined

  function tell(id: string, event: JobEvent): void {
    for (const listener of listeners.get(id) ?? []) listener(event)
  }

  function tellJob(id: string): void {
    const record = records.get(id)
    const job = record && toJob(record)
    if (job !== undefined) tell(id, { type: 'job', job })
  }

  /** A store that takes nothing ends no daemon: the job stays as it is kept. */
  function guarded(work: () => void): void {
    try {
      work()
    } catch (error) {
      onFault('a style job could not be written down', { err: error })
      drop()
      later()
    }
  }

  function drop(): void {
    const was = running
    running = undefined
    was?.child.kill()
  }

  function later(): void {
    clearTimeout(retry)
    retry = setTimeout(() => guarded(pump), parts.retryMs ?? RETRY_MS)
    retry.unref()
  }

  function fail(id: string, failure: JobFailure): void {
    records.end(id, { state: 'failed', failure })
    tellJob(id)
  }

  function onReport(id: string, report: Report): void {
    if (running?.id !== id) return
    switch (report.type) {
      case 'step': {
        if (report.previewJpeg !== undefined) running.preview = report.previewJpeg
        if (!records.advance(id, report.progress, report.checkpoint)) {
          drop()
          pump()
          return
        }
        tellJob(id)
        if (report.previewJpeg !== undefined) {
          tell(id, { type: 'preview', jpeg: report.previewJpeg })
        }
        return
      }
      case 'painted': {
        const { progress, png: result, thumbnailJpeg: thumbnail } = report
        records.end(id, { state: 'done', progress, result, thumbnail })
        drop()
        tellJob(id)
        pump()
        return
      }
      case 'refused':
        fail(id, report.failure)
        drop()
        pump()
        return
      case 'ready':
      case 'stylizer-open':
      case 'stylised':
      case 'drawn':
      case 'seen':
    }
  }

  function onEnd(id: string, how: string): void {
    if (running?.id !== id) return
    running = undefined
    onFault('the process of a style job ended before its job', { job: id, how })
    later()
  }

  function sourceOf(id: string, part: 'content' | 'style', job: StyleJob | undefined) {
    const origin = job?.request[part]
    return origin?.kind === 'library' ? { library: origin.id } : records.picture(id, part)
  }

  function pump(): void {
    if (stopped || running !== undefined) return
    const waiting = records.next()
    const record = waiting && records.begin(waiting.id)
    if (record === undefined) return
    const { id } = record
    const job = toJob(record)
    const content = sourceOf(id, 'content', job)
    const style = sourceOf(id, 'style', job)
    if (job === undefined || content === undefined || style === undefined) {
      fail(id, {
        cause: 'what is kept of this job cannot be read',
        cure: 'delete it and ask for it again',
      })
      later()
      return
    }
    if (record.starts > MAX_STARTS) {
      fail(id, {
        cause: `its process died ${MAX_STARTS} times without getting ahead`,
        cure: 'ask for a smaller picture; the log says how it died',
      })
      later()
      return
    }
    const checkpoint = records.picture(id, 'checkpoint')
    const child = startChild({
      onReport: (report) => guarded(() => onReport(id, report)),
      onEnd: ({ how }) => guarded(() => onEnd(id, how)),
    })
    running = { id, child, preview: undefined }
    child.send({
      type: 'paint',
      content,
      style,
      settings: job.request.settings,
      ...(checkpoint === undefined ? {} : { checkpoint }),
      previewEveryMs: parts.previewEveryMs ?? PREVIEW_EVERY_MS,
      checkpointEveryMs: parts.checkpointEveryMs ?? CHECKPOINT_EVERY_MS,
      threads,
      executionProviders: [...executionProviders],
    })
    tellJob(id)
  }

  guarded(pump)

  return {
    submit(job, actor) {
      const held = records.held()
      if (held.unfinished >= limits.maxQueued) return { outcome: 'queue-full' }
      if (held.jobs >= limits.maxKept || held.bytes >= limits.maxKeptBytes) {
        return { outcome: 'gallery-full' }
      }
      const record = records.create(job, actor)
      guarded(pump)
      const kept = toJob(records.get(record.id) ?? record)
      if (kept === undefined) throw new Error('a style job cannot be read back')
      return { outcome: 'queued', job: kept }
    },
    list(page) {
      const { jobs, more } = records.page(page)
      return { jobs: jobs.map(toJob).filter((job) => job !== undefined), more }
    },
    get(id) {
      const record = records.get(id)
      return record && toJob(record)
    },
    preview: (id) => (running?.id === id ? running.preview : undefined),
    picture: (id, part) => records.picture(id, part),
    cancel(id) {
      if (!records.end(id, { state: 'cancelled' })) return false
      if (running?.id === id) drop()
      tellJob(id)
      guarded(pump)
      return true
    },
    delete(id, actor) {
      if (!records.delete(id, actor)) return false
      if (running?.id === id) drop()
      tell(id, { type: 'gone' })
      guarded(pump)
      return true
    },
    subscribe(id, listener) {
      const known = listeners.get(id) ?? new Set()
      listeners.set(id, known.add(listener))
      return () => {
        known.delete(listener)
        if (known.size === 0) listeners.delete(id)
      }
    },
    lookAround() {
      if (running === undefined || records.get(running.id) !== undefined) return
      const { id } = running
      drop()
      tell(id, { type: 'gone' })
      guarded(pump)
    },
    stop() {
      stopped = true
      clearTimeout(retry)
      drop()
    },
  }
}
