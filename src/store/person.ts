import type { Embedding } from '../encoding/embedding.js'

/** Someone who may be recognised; only an active person is ever granted. */
export interface Person {
  /** ULID. */
  readonly id: string
  readonly name: string
  readonly active: boolean
  readonly createdAtMs: number
}

/** How a template came to be. */
export type EnrolmentSource = 'upload' | 'camera' | 'cli'

/** What is kept of one enrolment picture: the embedding, its quality, and the aligned crop to re-encode from. */
export interface Template {
  readonly id: string
  readonly personId: string
  readonly embedding: Embedding
  /** 0..1, see `src/quality`. */
  readonly quality: number
  readonly source: EnrolmentSource
  readonly enrolledAtMs: number
  /** Aligned face, PNG; only ever stored inside the encrypted database. */
  readonly cropPng: Uint8Array
}
