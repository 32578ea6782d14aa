import {
  payloadSchema,
  payloadText,
  recordKindSchema,
  textHash,
  tombstoneOf,
  tombstoneSchema,
} from '../store/replica/record.js'
import type { Edits, Payload, RecordKind, RemoteRecord } from '../store/replica/record.js'
import type { FleetSecrets } from './membership.js'
import { keyedHash, sameBytes, seal, unseal } from './seal.js'

/** A row of the record, as the server has it. */
export interface RecordRow {
  readonly kind: string
  readonly subject: Buffer
  /** PostgreSQL's bigint, as text. */
  readonly version: string
  readonly deleted: boolean
  readonly generation: number
  readonly ciphertext: Buffer
  readonly keyed_hash: Buffer
  readonly author: string
  readonly seq: string
}

/** A subject's name at the server, which tells nobody whose it is. */
export function subjectHash(secrets: FleetSecrets, kind: RecordKind, subject: string): Buffer {
  return keyedHash(secrets.indexKey(), `subject\n${kind}\n${subject}`)
}

/** A content's keyed hash, by which equal contents are known at the server. */
export function contentKeyedHash(
  secrets: FleetSecrets,
  change: {
    readonly kind: RecordKind
    readonly subject: string
    readonly payload: Payload | null
    readonly edits?: Edits | undefined
  },
): Buffer {
  const { kind, subject, payload, edits } = change
  const text = payloadText(payload ?? tombstoneOf(kind, subject, edits))
  return keyedHash(secrets.indexKey(), `content\n${text}`)
}

/** Binds a ciphertext to its row: none can be moved, aged or brought back to life. */
function contextOf(
  fleet: string,
  row: {
    readonly kind: string
    readonly subject: Buffer
    readonly version: number
    readonly deleted: boolean
    readonly generation: number
    readonly author: string
  },
): string {
  const { kind, subject, version, deleted, generation, author } = row
  return JSON.stringify([
    fleet,
    generation,
    kind,
    subject.toString('hex'),
    version,
    deleted,
    author,
  ])
}

/** Seals a content for the record, with the newest key. */
export function sealRecord(
  secrets: FleetSecrets,
  record: {
    readonly kind: RecordKind
    readonly subject: string
    readonly version: number
    readonly payload: Payload | null
    readonly edits?: Edits | undefined
    readonly author: string
  },
): { readonly ciphertext: Buffer; readonly generation: number } {
  const { kind, subject, version, payload, edits, author } = record
  const { generation, key } = secrets.newestKey()
  const context = contextOf(secrets.membership().fleet, {
    kind,
    subject: subjectHash(secrets, kind, subject),
    version,
    deleted: payload === null,
    generation,
    author,
  })
  const text = payloadText(payload ?? tombstoneOf(kind, subject, edits))
  return { ciphertext: seal(key, context, Buffer.from(text, 'utf8')), generation }
}

/** Why a row of the record is worth nothing. */
export type Unreadable = { readonly unreadable: 'sealed-otherwise' | 'not-valid' | 'misplaced' }

/**
 * Opens a row: decrypted, of the right subject, and valid.
 * @returns `unreadable` where the server, or whoever wrote to it, changed something
 */
export function openRecord(secrets: FleetSecrets, row: RecordRow): RemoteRecord | Unreadable {
  const key = secrets.recordKey(row.generation)
  const version = Number(row.version)
  const context = contextOf(secrets.membership().fleet, { ...row, version })
  const plain = key && unseal(key, context, row.ciphertext)
  if (plain === undefined) return { unreadable: 'sealed-otherwise' }
  const text = plain.toString('utf8')
  const kind = recordKindSchema.safeParse(row.kind)
  let content: unknown
  try {
    content = JSON.parse(text)
  } catch {
    return { unreadable: 'not-valid' }
  }
  const schema = row.deleted ? tombstoneSchema : payloadSchema
  const parsed = schema.safeParse(content)
  if (!parsed.success || !kind.success) return { unreadable: 'not-valid' }
  const { id } = parsed.data
  const isRightPlace =
    parsed.data.kind === kind.data &&
    sameBytes(subjectHash(secrets, kind.data, id), row.subject) &&
    sameBytes(keyedHash(secrets.indexKey(), `content\n${text}`), row.keyed_hash)
  if (!isRightPlace) return { unreadable: 'misplaced' }
  return {
    kind: kind.data,
    subject: id,
    version,
    hash: textHash(text),
    ...('deleted' in parsed.data
      ? { payload: null, edits: parsed.data.edits }
      : { payload: parsed.data }),
    mine: row.author === secrets.membership().kiosk,
    outdated: row.generation < secrets.generation(),
  }
}
