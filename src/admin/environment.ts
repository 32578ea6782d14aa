import type { OpenAPIHono } from '@hono/zod-openapi'
import type { HttpBindings } from '@hono/node-server'

import type { Principal } from './ports/sign-in.js'

/** What a request carries through the app: set by the server (bindings) and by middleware (variables). */
export interface AdminEnvironment {
  Bindings: Partial<HttpBindings> & {
    /** Aborted when the server stops; ends open event streams. */
    readonly stopping?: AbortSignal
    /** Whether a Host header may name this server; without it any may. */
    readonly allowsHost?: (hostname: string) => boolean
    /** Whether the connection is encrypted, so that cookies may be kept to such ones. */
    readonly isTls?: boolean
  }
  Variables: {
    requestId: string
    principal: Principal
    /** What is kept for a repeated request, where that is less than the answer: no secret twice. */
    keptAnswer?: unknown
  }
}

export type AdminApp = OpenAPIHono<AdminEnvironment>

/** How the app is bounded; every value has a default. */
export interface AdminOptions {
  /** Largest picture upload in bytes, default 12 MiB. */
  readonly maxUploadBytes?: number
  /** Longest time for one answer, default 15 000; event streams are not answers. */
  readonly answerTimeoutMs?: number
  /** Viewers of the event stream at one time, default 16. */
  readonly maxViewers?: number
  /** Pause between signs of life in the event stream, default 10 000. */
  readonly heartbeatMs?: number
  /** Wrong tokens from one address in a minute before it has to wait, default 10. */
  readonly maxFailedAuthPerMinute?: number
  /** Monotonic milliseconds, for the limit above; default `performance.now`. */
  readonly now?: () => number
  /** Told of every fault answered with 500, with the request's id, for the log. */
  readonly onFault?: (fault: { readonly error: unknown; readonly requestId: string }) => void
}
