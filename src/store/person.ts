import { z } from 'zod'

import type { Embedding } from '../encoding/embedding.js'

const HIDDEN_CHARACTERS =
  /[\p{Cc}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/u

/**
 * A person's name as people write it: NFC, trimmed, 1 to 200 UTF-16 units. Control characters, lone
 * surrogates, line separators and direction overrides are refused, since a name is shown in logs'
 * neighbours, terminals and pages and must not rewrite them.
 */
export const personNameSchema = z
  .string()
  .max(1000)
  .normalize('NFC')
  .trim()
  .min(1)
  .max(200)
  .refine((name) => !HIDDEN_CHARACTERS.test(name), 'holds a control or direction character')

/** A name as it is searched: the same for full and half width, large and small letters. */
export function searchForm(name: string): string {
  return name.normalize('NFKC').toLowerCase()
}

/** Someone who may be recognised; only an active person is ever granted. */
export interface Person {
  /** ULID. */
  readonly id: string
  readonly name: string
  readonly active: boolean
  readonly createdAtMs: number
  /** Admitted from then on; `null` from the beginning. Wall clock. */
  readonly validFromMs: number | null
  /** Admitted until before then; `null` for good. */
  readonly validUntilMs: number | null
  /** Ids of access groups; without any, admitted at all times. */
  readonly groups: readonly string[]
  /** Everything held is erased after then; `null` keeps it until somebody deletes it. */
  readonly retainUntilMs: number | null
  /** Raised by every change. */
  readonly version: number
}

/** How a template can come to be. */
export const ENROLMENT_SOURCES = ['upload', 'camera', 'cli', 'grant'] as const

export const enrolmentSourceSchema = z.enum(ENROLMENT_SOURCES)

/** How a template came to be. */
export type EnrolmentSource = z.infer<typeof enrolmentSourceSchema>

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
