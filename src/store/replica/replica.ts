import type { Edits, Payload, RecordKind, RemoteRecord } from './record.js'
import type { Need } from './rows.js'

/** How far the record was read. */
export interface Cursor {
  /** Everything up to this number of the record is in the replica. */
  readonly sequence: number
  /** A point of the record's history that is known here; one that is not there any more was lost. */
  readonly check: { readonly sequence: number; readonly commit: string }
  /** The newest that this kiosk gave to the record, which must be there, too. */
  readonly given: { readonly sequence: number; readonly commit: string }
  /** The reading from the beginning that is under way after a loss, 1, 2, 3, …; 0 when none is. */
  readonly pass: number
}

/** A change that was made here and that the record does not have. */
export interface PendingChange {
  readonly kind: RecordKind
  readonly subject: string
  /** Number of the change here. */
  readonly mark: number
  /** Version that it was made upon; 0 for none. */
  readonly base: number
  /** `null` for a deletion. */
  readonly payload: Payload | null
  /** Of a deletion that may be followed by another of its name. */
  readonly edits?: Edits | undefined
}

/** What became of a {@link PendingChange} at the record. */
export interface PushVerdict {
  readonly change: PendingChange
  /** `stale`: somebody was faster; `deleted`: the subject is gone for good. */
  readonly outcome: 'accepted' | 'stale' | 'deleted'
  readonly version: number
}

/** A revocation on its way to the other doors. */
export interface Announcement {
  /** 1, 2, 3, … of this kiosk. */
  readonly sequence: number
  readonly personId: string
  /** Which edit of this kiosk it is, so that a record that has it takes the revocation's place. */
  readonly edit: number
}

/** What came to be different by applying records. */
export interface AppliedChanges {
  /** Written anew or changed. */
  readonly persons: readonly string[]
  readonly personsGone: readonly string[]
  readonly templates: readonly { readonly templateId: string; readonly personId: string }[]
  readonly templatesGone: readonly string[]
  /** Templates of this kiosk of which everything earlier in the record is known by now. */
  readonly confirmed: readonly string[]
  /** Mistakes that were pointed out, groups, schedules or tokens. */
  readonly others: boolean
  /** Outdated records that would have told something new, and were not taken. */
  readonly unbelieved: readonly Need[]
}

/** A fleet's record as this kiosk has it: applied to the store's own tables, with what is still to be told. */
export interface Replica {
  /** Whether changes are marked for the fleet. */
  isCapturing(): boolean
  /** From now on marks changes, and marks everything that is there. @param kiosk id of this kiosk */
  begin(kiosk: string): void
  /** Forgets the fleet; persons and templates stay. */
  end(): void
  cursor(): Cursor
  /** Reads the record from the beginning, because it lost some of its history. */
  beginPass(): Cursor
  /** What the record does not have any more is marked, to be given back to it. */
  endPass(check: Cursor['check']): void
  /**
   * Takes records in the order of the record, with the cursor in the same transaction. Harmless when
   * repeated.
   */
  apply(records: readonly RemoteRecord[], cursor: Cursor): AppliedChanges
  /** What is known here of subjects that the record does not have is marked, to be given to it. */
  giveBack(subjects: readonly Need[]): void
  /** Whether a record says exactly what is known here. */
  knows(record: RemoteRecord): boolean
  hasPending(): boolean
  countPending(): number
  /** Revocations first, then in the order in which they were made. */
  pending(limit: number): PendingChange[]
  /**
   * @param given the point of the record's history at which it has them
   * @returns what else came to be different by it
   */
  settle(verdicts: readonly PushVerdict[], given: Cursor['check']): AppliedChanges
  /** Revocations made here that have not been announced yet get their number. */
  announce(): void
  unsent(limit: number): Announcement[]
  sent(sequence: number): void
  /**
   * Takes a revocation of another kiosk: the person is inactive until the record knows of it.
   * @returns `replayed` for a number that is not new
   */
  hear(kiosk: string, told: Announcement): 'applied' | 'replayed'
  /** Two persons with one face. @returns whether it is news */
  noteDuplicate(personId: string, otherId: string): boolean
  duplicates(): {
    readonly personId: string
    readonly otherId: string
    readonly foundAtMs: number
  }[]
  /** SHA-256 over all that is shared, but pictures; equal where replicas agree. */
  digest(): string
  /** A small value; takes part in no transaction of others. */
  recall(name: ReplicaMemory): unknown
  /** `null` forgets. */
  remember(name: ReplicaMemory, value: unknown): void
}

/** What is remembered by name. */
export type ReplicaMemory =
  | 'membership'
  | 'keys'
  | 'members'
  | 'rotations'
  | 'fresh-at-ms'
  | 'unreadable'
  | 'decision-cursor'
  | 'audit-cursor'
  | 'audit-generation'
