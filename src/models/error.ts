/** What can be wrong with a model, its manifest, or the package it comes from. */
export type ModelErrorCode =
  | 'manifest-missing'
  | 'manifest-invalid'
  | 'manifest-role'
  | 'file-missing'
  | 'file-unreadable'
  | 'wrong-size'
  | 'wrong-hash'
  | 'not-a-model'
  | 'wrong-input'
  | 'wrong-output'
  | 'wrong-feed'
  | 'not-finite'
  | 'run-failed'
  | 'recipe-failed'
  | 'offline'
  | 'package-missing'
  | 'package-fetch-failed'
  | 'wrong-integrity'
  | 'archive-invalid'
  | 'disk-full'
  | 'not-writable'
  | 'asset-unknown'

/** The parts of a {@link ModelError}: what happened, where, and what to do about it. */
export interface ModelFault {
  readonly code: ModelErrorCode
  readonly what: string
  readonly where: string
  readonly cure: string
  readonly cause?: unknown
}

/** A fault of a model or of its files. No door may open while one stands. */
export class ModelError extends Error {
  override readonly name = 'ModelError'
  readonly code: ModelErrorCode
  readonly what: string
  readonly where: string
  readonly cure: string

  constructor(fault: ModelFault) {
    super(
      `${fault.where}: ${fault.what}; ${fault.cure}`,
      fault.cause === undefined ? undefined : { cause: fault.cause },
    )
    this.code = fault.code
    this.what = fault.what
    this.where = fault.where
    this.cure = fault.cure
  }
}

/** The short text of anything thrown, for use inside a message. */
export function describeCause(cause: unknown): string {
  const text = cause instanceof Error ? cause.message : String(cause)
  return text.length > 300 ? `${text.slice(0, 300)}…` : text
}

/** The `code` of a Node.js system error, such as `ENOENT`. */
export function systemCode(cause: unknown): string | undefined {
  if (typeof cause !== 'object' || cause === null || !('code' in cause)) return undefined
  return typeof cause.code === 'string' ? cause.code : undefined
}
