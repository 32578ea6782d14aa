import type { Decision } from '../../decision/decision.js'
import type { AuditEntry } from '../../store/audit.js'
import type { Consent } from '../../store/consents.js'
import type { Person } from '../../store/person.js'
import type { PersonChange, PersonUpdate } from '../../store/persons.js'
import type { Awaitable } from './awaitable.js'
import type { FaceEntry } from './faces.js'
import type { Page, PageQuery } from './page.js'

/** A person with the number of templates held. */
export interface PersonEntry extends Person {
  readonly faces: number
}

/** What was erased with a person, and how that was looked into. */
export interface ErasureReport {
  readonly erased: {
    readonly templates: number
    readonly pictures: number
    readonly consents: number
    readonly negatives: number
    /** Pictures of style jobs that show the person, and the display's idle picture made of one. */
    readonly stylePictures: number
  }
  /** Past decisions that still name the person, until their own retention ends. */
  readonly decisionsKept: number
  readonly proof: {
    readonly proven: boolean
    /** Decrypted bytes searched; `null` when the database is too large to search in passing. */
    readonly searchedBytes: number | null
    readonly found: number
    readonly logBytes: number
    readonly inGallery: boolean
  }
  readonly verifiedAtMs: number
}

/** How a change of a person ended. */
export type PersonUpdateResult =
  | { readonly outcome: 'updated'; readonly person: PersonEntry }
  | Exclude<PersonUpdate, { outcome: 'updated' }>

/** The people of the gallery. Every change names who does it, as the audit does. */
export interface PersonsPort {
  /** Adds an active person without a face; nobody is recognised by name alone. */
  create(name: string, actor: string): Awaitable<PersonEntry>
  /** In a stable order, oldest first. */
  list(query: PageQuery & { readonly search?: string | undefined }): Awaitable<Page<PersonEntry>>
  get(id: string): Awaitable<PersonEntry | undefined>
  update(
    id: string,
    change: PersonChange,
    actor: string,
    version?: number,
  ): Awaitable<PersonUpdateResult>
  /**
   * Removes the person with every template and picture, from gallery and store, and looks for what is left.
   * @returns `undefined` when there is no such person
   */
  remove(id: string, actor: string): Awaitable<ErasureReport | undefined>
  /**
   * All that is held about a person, in one document; audited.
   * @returns `undefined` when there is no such person
   */
  export(id: string, actor: string): Awaitable<PersonExport | undefined>
}

/** A face with what it is recognised by. */
export interface ExportedFace extends FaceEntry {
  /** The aligned face; `null` once its own time is over. */
  readonly picturePng: Uint8Array | null
  /** Unit vector of the encoder `modelId`. */
  readonly template: Float32Array
}

/** A picture painted of the person, with what it is painted from. */
export interface ExportedStyleJob {
  readonly id: string
  readonly state: string
  readonly createdAtMs: number
  readonly endedAtMs: number | null
  /** `null` where none is held, such as once the job has ended. */
  readonly contentPng: Uint8Array | null
  readonly resultPng: Uint8Array | null
}

/** All that is held about a person. */
export interface PersonExport {
  readonly person: PersonEntry
  readonly consents: readonly Consent[]
  readonly faces: readonly ExportedFace[]
  /** Negative examples that name the person. */
  readonly negatives: number
  readonly styleJobs: readonly ExportedStyleJob[]
  /** The display's, where the person is in it. */
  readonly idlePictureJpeg: Uint8Array | null
  /** That name the person, newest first. */
  readonly decisions: readonly Decision[]
  /** What was done with the person's data, oldest first. */
  readonly audit: readonly AuditEntry[]
}
