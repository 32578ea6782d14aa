import type { JobSettings } from '../../style/jobs/request.js'
import type { JobEvent, JobState, StyleJob } from '../../style/jobs/runner.js'
import type { Awaitable } from './awaitable.js'
import type { Snapshot } from './live.js'
import type { Page, PageQuery } from './page.js'

export type { JobEvent, JobSettings, JobState, StyleJob }

/** Where a picture of a job comes from. */
export type PictureSource =
  | { readonly kind: 'upload'; readonly bytes: Uint8Array }
  | { readonly kind: 'library'; readonly id: string }
  /** The newest frame of the door; whoever is in it has agreed. */
  | { readonly kind: 'camera' }

/** A picture to be painted in the style of another. */
export interface StyleOrder {
  readonly content: PictureSource
  readonly style: Exclude<PictureSource, { kind: 'camera' }>
  readonly settings: JobSettings
  /** Who is in the content picture, where that is somebody enrolled; it is erased with them. */
  readonly personId: string | null
}

/** Why a picture was not taken. */
export type PictureRefusal =
  | {
      readonly outcome: 'rejected'
      readonly reason: 'not-an-image' | 'broken-image' | 'too-large'
      readonly detail: string
    }
  | { readonly outcome: 'no-such-picture' | 'no-frame' }

export type StyleSubmission =
  | { readonly outcome: 'queued'; readonly job: StyleJob }
  | { readonly outcome: 'queue-full' | 'gallery-full' | 'no-such-person' }
  | PictureRefusal

/** A picture that ships with genkan. */
export interface LibraryEntry {
  readonly id: string
  /** What it may be used as. */
  readonly use: 'content' | 'style'
  readonly title: string
}

/** A net whose units can be looked at. */
export interface SeeNetwork {
  readonly id: string
  readonly layers: readonly { readonly name: string; readonly units: number }[]
  /** Whether it is shown aligned faces rather than whole pictures. */
  readonly ofFaces: boolean
}

/** Which unit, and over which pictures. */
export interface SeeOrder {
  readonly network: string
  readonly layer: string
  readonly unit: number
  /** Uploaded ones; the library's pictures when there are none. */
  readonly pictures: readonly Uint8Array[]
}

export type SeeResult =
  | { readonly outcome: 'seen'; readonly png: Uint8Array }
  | { readonly outcome: 'refused'; readonly cause: string; readonly cure: string }
  | { readonly outcome: 'busy' }
  | PictureRefusal

/** Style transfer, its gallery, and what the style network sees. */
export interface StylePort {
  submit(order: StyleOrder, actor: string): Awaitable<StyleSubmission>
  /** Newest first. */
  list(query: PageQuery): Awaitable<Page<StyleJob>>
  get(id: string): Awaitable<StyleJob | undefined>
  /** JPEG of the running job as it stands. */
  preview(id: string): Awaitable<Uint8Array | undefined>
  /** PNG of a finished job, or its small JPEG. */
  picture(id: string, part: 'result' | 'thumbnail'): Awaitable<Uint8Array | undefined>
  /** `false` when it has ended already or is not there. */
  cancel(id: string, actor: string): Awaitable<boolean>
  remove(id: string, actor: string): Awaitable<boolean>
  /** @returns a function that ends the subscription */
  subscribe(id: string, listener: (event: JobEvent) => void): () => void
  library(): Awaitable<readonly LibraryEntry[]>
  /** Small JPEG of a library picture. */
  libraryPicture(id: string): Awaitable<Uint8Array | undefined>
  networks(): Awaitable<readonly SeeNetwork[]>
  see(order: SeeOrder): Awaitable<SeeResult>
}

/** How the live picture at the door is painted. */
export interface LiveStyle {
  /** `null`: as the camera sees it. */
  readonly style: string | null
  readonly available: readonly string[]
}

/** What the display at the door shows. */
export interface DisplayPort {
  idlePicture(): Awaitable<{ readonly jpeg: Uint8Array; readonly setAtMs: number } | undefined>
  setIdlePicture(bytes: Uint8Array, actor: string): Awaitable<{ outcome: 'set' } | PictureRefusal>
  /** The result of a job becomes the idle picture. */
  showJob(id: string, actor: string): Awaitable<'shown' | 'no-such-job' | 'no-result'>
  /** `false` when there was none. */
  removeIdlePicture(actor: string): Awaitable<boolean>
  liveStyle(): Awaitable<LiveStyle>
  setLiveStyle(style: string | null, actor: string): Awaitable<'set' | 'no-such-style'>
  /**
   * The live picture for the display, painted where that is wanted and can be done in time; the door
   * judges the camera's own picture all the same.
   */
  livePicture(): Awaitable<(Snapshot & { readonly style: string | null }) | undefined>
}
