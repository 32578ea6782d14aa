import type { CameraState } from '../capture/camera.js'
import type { Decision, DenialReason } from '../decision/decision.js'
import type { Box } from '../frame/image.js'
import type { BoundedRate } from '../matching/calibration.js'
import type { ThresholdAdvice } from '../matching/threshold.js'
import type { DoorControl } from '../decision/door-control.js'
import type { AdminToken, NewAdminToken, Role } from '../store/admin-tokens.js'
import type { AuditEntry, AuditVerdict } from '../store/audit.js'
import type { CopyReport } from '../store/copy-database.js'
import type { Consent, NewConsent } from '../store/consents.js'
import type { Groups } from '../store/groups.js'
import type { RetentionReport } from '../store/retention.js'
import type { Settings } from '../store/settings.js'
import type { IdempotencyKey, KeptAnswer } from '../store/idempotency.js'
import type { EnrolmentSource, Person } from '../store/person.js'
import type { PersonChange, PersonUpdate } from '../store/persons.js'
import type { FleetPort } from './fleet-port.js'
import type { DisplayPort, StylePort } from './style-ports.js'

/** A value now or later, so that a synchronous store and an asynchronous service both fit a port. */
export type Awaitable<T> = T | Promise<T>

/** Which part of a long list is wanted. */
export interface PageQuery {
  /** Where to go on: the `nextCursor` of the page before; `undefined` begins at the start. */
  readonly cursor: string | undefined
  /** At most this many items, 1..200. */
  readonly limit: number
}

/** One part of a long list. */
export interface Page<T> {
  readonly items: readonly T[]
  /** Opaque (`[A-Za-z0-9_-]`, at most 128 characters); `null` on the last page. */
  readonly nextCursor: string | null
}

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

/** Who agreed to what; see {@link Consent}. */
export interface ConsentsPort {
  /** Oldest first; `undefined` when there is no such person. */
  list(personId: string): Awaitable<readonly Consent[] | undefined>
  /** @throws StoreError `invalid-value` */
  add(personId: string, consent: NewConsent, actor: string): Awaitable<Consent | undefined>
}

/** Why a picture was not taken as a person's face. */
export const FACE_REJECTIONS = [
  'not-an-image',
  'broken-image',
  'too-large',
  'no-face',
  'two-faces',
  'too-small',
  'blurred',
  'too-dark',
  'too-bright',
  'turned',
  'looks-like-a-photo',
  'same-as-person',
] as const

export type FaceRejection = (typeof FACE_REJECTIONS)[number]

/** How an enrolment ended. */
export type EnrolmentResult =
  | {
      readonly outcome: 'enrolled'
      readonly faceId: string
      /** 0..1, see `src/quality`. */
      readonly quality: number
    }
  | {
      readonly outcome: 'rejected'
      readonly reason: FaceRejection
      /** What was seen, and after a semicolon what to do about it; names no path. */
      readonly detail: string
      /** For `same-as-person`: who already has this face. */
      readonly personId?: string
    }
  | { readonly outcome: 'no-such-person' }
  | {
      /** The picture could not be judged at all: no frame from the camera, or models not ready. */
      readonly outcome: 'unavailable'
      readonly cause: string
      readonly cure: string
    }

/** Who enrols a face. */
export interface EnrolledFor {
  readonly actor: string
  /** Also a face that somebody else already has. */
  readonly force: boolean
}

/** A face held of a person, without its picture. */
export interface FaceEntry {
  readonly id: string
  readonly personId: string
  readonly quality: number
  readonly source: EnrolmentSource
  readonly enrolledAtMs: number
  readonly modelId: string
}

/** Turns pictures into templates. Never throws for a bad picture: a bad picture is a result. */
export interface FacesPort {
  /** @param bytes an encoded picture from outside; the port bounds its pixels before it decodes */
  addFromPicture(personId: string, bytes: Uint8Array, by: EnrolledFor): Awaitable<EnrolmentResult>
  /** Enrols whoever stands before the camera now. */
  addFromCamera(personId: string, by: EnrolledFor): Awaitable<EnrolmentResult>
  /** @returns `undefined` when there is no such person */
  list(personId: string): Awaitable<readonly FaceEntry[] | undefined>
  /** The aligned face as PNG; `undefined` when there is none. */
  picture(personId: string, faceId: string): Awaitable<Uint8Array | undefined>
  /** `false` when there was none. */
  remove(personId: string, faceId: string, actor: string): Awaitable<boolean>
}

/** Why a probe was not compared at all. */
export type ProbeRefusal =
  | {
      readonly outcome: 'rejected'
      readonly reason: FaceRejection
      /** What was seen, and after a semicolon what to do about it; names no path. */
      readonly detail: string
    }
  | { readonly outcome: 'unavailable'; readonly cause: string; readonly cure: string }

/** How a search of everybody enrolled (1:K) ended; distances are squared L2. */
export type IdentifyResult =
  | ProbeRefusal
  | {
      readonly outcome: 'match' | 'ambiguous' | 'unknown'
      /** Only of a match. */
      readonly person?: { readonly id: string; readonly name: string }
      /** To the nearest person; `null` when nobody is enrolled. */
      readonly distanceSq: number | null
      /** To the next person; `null` when there is none, or when nobody was near enough. */
      readonly runnerUpDistanceSq: number | null
      /** τ(K). */
      readonly threshold: number
      readonly margin: number
      /** K. */
      readonly galleryPersons: number
    }

/** How a comparison with one claimed person (1:1) ended; distances are squared L2. */
export type VerifyResult =
  | ProbeRefusal
  | { readonly outcome: 'no-such-person' }
  | {
      readonly outcome: 'same' | 'different' | 'not-enrolled'
      /** To the person's nearest template; `null` when there is none to compare with. */
      readonly distanceSq: number | null
      /** τ of 1:1 for as many templates as the person has. */
      readonly threshold: number
    }

/** A threshold with what is known of its cost. */
export interface ThresholdStanding {
  /** τ, squared L2. */
  readonly value: number
  readonly margin: number
  /** Rate of strangers let through, at most. */
  readonly targetFpir: number
  /** Absent when it was set by hand and there is no calibration. */
  readonly advice: ThresholdAdvice | undefined
}

/** What other thresholds and other galleries would cost. */
export interface ThresholdCurves {
  /** The gallery as it is. */
  readonly persons: number
  readonly templates: number
  /** By τ: of one comparison (FMR, FNMR), and of the gallery as it is (FPIR). */
  readonly byThreshold: readonly {
    readonly threshold: number
    readonly fmr: BoundedRate
    readonly fnmr: BoundedRate
    readonly fpir: BoundedRate
  }[]
  /** By K, one template a person, at the τ(K) that the target asks for. */
  readonly byPersons: readonly {
    readonly persons: number
    readonly threshold: number
    readonly expectedFpir: BoundedRate
    readonly expectedFnir: BoundedRate
    readonly supported: boolean
  }[]
}

/** Compares pictures with the gallery. Writes who asked into the audit before it answers. */
export interface RecognitionPort {
  /** 1:K. @param bytes an encoded picture from outside, bounded before it is decoded */
  identify(bytes: Uint8Array, by: Principal): Awaitable<IdentifyResult>
  /** 1:1. @param bytes as for {@link identify} */
  verify(personId: string, bytes: Uint8Array, by: Principal): Awaitable<VerifyResult>
  /** The thresholds of the moment; `undefined` while there is no valid calibration. */
  thresholds(): Awaitable<
    | {
        /** For the gallery as it is. */
        readonly identification: ThresholdStanding
        /** For a person with one template. */
        readonly verification: ThresholdStanding
      }
    | undefined
  >
  /** `undefined` without a calibration. */
  curves(): Awaitable<ThresholdCurves | undefined>
}

/** Which decisions are wanted; all when nothing is given. */
export interface DecisionFilter {
  readonly outcome?: Decision['outcome'] | undefined
  readonly reason?: DenialReason | undefined
  readonly personId?: string | undefined
  /** At or after then. */
  readonly fromMs?: number | undefined
  /** Before then. */
  readonly toMs?: number | undefined
}

/** What became of "this was not that person". */
export type MistakeResult =
  | {
      readonly outcome: 'noted'
      /** Whether the very face is known from now on, or only who is taken for whom. */
      readonly example: boolean
      readonly pair: boolean
    }
  | { readonly outcome: 'no-such-decision' | 'not-granted' | 'person-gone' | 'no-such-person' }
  /** The face is no longer held, and nobody said who it was. */
  | { readonly outcome: 'nothing-to-learn' }

/** What the door decided. */
export interface DecisionsPort {
  /** Newest first. */
  list(query: PageQuery & DecisionFilter): Awaitable<Page<Decision>>
  /** @param was who it really was, where that is somebody enrolled */
  notThisPerson(id: string, was: string | undefined, actor: string): Awaitable<MistakeResult>
}

/** An answer kept for a request that may be repeated. */
export interface IdempotencyPort {
  find(key: IdempotencyKey): Awaitable<KeptAnswer | undefined>
  keep(
    key: IdempotencyKey,
    answer: KeptAnswer & { readonly personId: string | null },
  ): Awaitable<void>
}

/** The newest picture of the camera. */
export interface Snapshot {
  readonly jpeg: Uint8Array
  /** `Frame.sequence` of the picture, to pair it with {@link LiveEvent} boxes. */
  readonly sequence: number
  readonly capturedAtMs: number
}

/** One face in the picture and how it stands at the door. */
export interface LiveFace {
  readonly trackId: number
  readonly box: Box
  readonly standing: 'judging' | 'granted' | 'denied'
  /** The person's name, only once granted. */
  readonly name: string | null
  /** Only when denied. */
  readonly reason: DenialReason | null
  /** The first thing to mend before this face can be judged; `null` while the door rests. */
  readonly quality: 'good' | FaceRejection | null
}

/** One liveness cue at one moment. */
export interface LiveCue {
  readonly verdict: 'live' | 'attack' | 'not-enough-evidence'
  /** 0 attack to 1 live; `null` where the cue could not look. */
  readonly score: number | null
}

/** Something a viewer should see at once. */
export type LiveEvent =
  | { readonly type: 'decision'; readonly decision: Decision }
  | {
      readonly type: 'faces'
      readonly sequence: number
      /** Size of the frame that the boxes are measured in. */
      readonly frame: { readonly width: number; readonly height: number }
      readonly faces: readonly LiveFace[]
    }
  | {
      readonly type: 'prompt'
      /** What the person at the door is asked to do; `null` takes the prompt away. */
      readonly prompt: { readonly code: string; readonly text: string } | null
    }
  | {
      readonly type: 'cues'
      /** What each liveness cue says of the attended face; at most five times a second. */
      readonly cues: Readonly<Record<string, LiveCue>>
    }
  | {
      readonly type: 'challenge'
      /** What the person is asked to do now, `at` the last of the steps shown; `null` when nothing. */
      readonly challenge: {
        readonly nonce: string
        readonly steps: readonly string[]
        readonly at: number
        readonly remainingMs: number
      } | null
    }
  /** Camera, broker, models, K or τ have changed: {@link AdminPorts.health} tells how. */
  | { readonly type: 'system' }

/** The door as it is now. */
export interface LivePort {
  /**
   * Encoded only when asked for, so a picture that nobody looks at costs nothing.
   * @returns `undefined` while the camera has given no picture
   */
  latestJpeg(): Awaitable<Snapshot | undefined>
  /**
   * Calls the listener for every event from now on; called while at least one viewer is connected.
   * @returns a function that ends the subscription
   */
  subscribe(listener: (event: LiveEvent) => void): () => void
  /** What the liveness cues said in the last minutes, oldest first; held in memory only. */
  recentCues(): readonly CueSample[]
}

/** What the liveness cues said at one moment. */
export interface CueSample {
  readonly atMs: number
  readonly cues: Readonly<Record<string, LiveCue>>
}

/** Where a long-lived part stands; `degraded` always says why and what to do. */
export type PartState =
  | { readonly name: 'starting' }
  | { readonly name: 'ready' }
  | { readonly name: 'degraded'; readonly cause: string; readonly cure: string }
  | { readonly name: 'stopped' }

/** The daemon's state in one document; holds no personal data and no credentials. */
export interface Health {
  /** `down`: no door can open. */
  readonly status: 'ok' | 'degraded' | 'down'
  readonly version: string
  readonly door: string
  readonly startedAtMs: number
  readonly camera: { readonly description: string; readonly state: CameraState }
  readonly broker: {
    readonly description: string
    readonly state: PartState
    /** Decisions written but not yet acknowledged by the broker. */
    readonly waiting: number
    /** Share of the outbox's bound by size, 0..1; at 1 the oldest are given up. */
    readonly outboxFill?: number
    /** Decisions ever given up undelivered; they are still in the store. */
    readonly abandoned?: number
    /** Messages from the broker that were refused since start, by reason. */
    readonly refused?: Readonly<Record<string, number>>
  }
  /** The judging of frames, where it can fail by itself. */
  readonly line?: PartState
  /** What the daemon watches of itself: clock, memory, event loop, files. */
  readonly watchdogs?: Readonly<Record<string, PartState>>
  /** Nobody is let in until somebody ends it. */
  readonly lockedDown?: boolean
  /** How much proof of life the door asks for. */
  readonly livenessMode?: 'texture' | 'life' | 'challenge'
  /** Model id by role. */
  readonly models: Readonly<Record<string, string>>
  readonly gallery: {
    /** K. */
    readonly persons: number
    readonly templates: number
  }
  /** `null` while there is no valid calibration: then nobody is recognised. */
  readonly threshold: {
    /** τ, squared L2. */
    readonly value: number
    readonly targetFpir: number
  } | null
  /** Of the hottest zone that the system tells of; `null` where it tells of none. */
  readonly temperatureC?: number | null
  readonly residentMb?: number
  readonly store?: {
    /** Of the database with its log. */
    readonly bytes: number
    /** Left on its disk. */
    readonly freeBytes: number
  }
  /** Time of recent frames in each stage, where it ran. */
  readonly stages?: Readonly<Record<string, { readonly p50Ms: number; readonly p95Ms: number }>>
}

/** Who a token belongs to. */
export interface Principal {
  /** Of the token, as the audit names it. */
  readonly id: string
  readonly name: string
  readonly role: Role
  /** Of a browser's session; absent when the token itself was sent. */
  readonly sessionId?: string
}

/** The tokens that may use the API. */
export interface TokensPort {
  /**
   * Compares in constant time: how long it takes tells nothing of the valid tokens.
   * @returns `undefined` for a token that is not valid
   */
  verify(token: string): Awaitable<Principal | undefined>
  list(): Awaitable<readonly AdminToken[]>
  /** The text is told here once. */
  create(
    token: NewAdminToken,
    actor: string,
  ): Awaitable<{ readonly token: AdminToken; readonly text: string }>
  /** The last token of an admin stays: nobody could make another. */
  revoke(id: string, actor: string): Awaitable<'revoked' | 'no-such-token' | 'last-admin'>
}

/** An audit entry with the name of the token that did it, while there is such a token. */
export interface NamedAuditEntry extends AuditEntry {
  readonly actorName: string | null
}

/** Who did what. */
export interface AuditPort {
  /** Newest first. */
  list(query: PageQuery): Awaitable<Page<NamedAuditEntry>>
  verify(): Promise<AuditVerdict>
}

/** The settings as they stand. */
export interface SettingsStanding {
  readonly values: Settings
  /** Set here; the others are as configured. */
  readonly set: readonly (keyof Settings)[]
  /** Take effect at the next start only. */
  readonly atRestart: readonly (keyof Settings)[]
  /** Of those, the ones whose value is not yet in effect. */
  readonly awaitingRestart: readonly (keyof Settings)[]
}

/** What may be set while the daemon runs. */
export interface SettingsPort {
  read(): SettingsStanding
  /**
   * All or nothing.
   * @returns what does not go together, or `undefined`
   * @throws StoreError `invalid-value`
   */
  change(change: Partial<Settings>, actor: string): string | undefined
  reset(name: keyof Settings, actor: string): void
}

/** What the display at the door has to know. */
export interface KioskSettings extends Pick<
  Settings,
  'nameOnKiosk' | 'kioskLanguage' | 'kioskSound'
> {
  /** How long somebody waits after a denial. */
  readonly cooldownMs: number
}

/** What a purge removed, or would remove. */
export interface PurgeReport extends RetentionReport {
  /** Whose own retention date is over. */
  readonly persons: number
}

/** Copies of the store, and the way back. Every method throws StoreError where a file is of no use. */
export interface BackupsPort {
  /** A finished, examined copy as a stream, which cleans up after itself. */
  make(
    passphrase: string | undefined,
    actor: string,
  ): Promise<{ readonly bytes: number; readonly content: ReadableStream<Uint8Array> }>
  verify(file: ReadableStream<Uint8Array>, passphrase: string | undefined): Promise<CopyReport>
  /** Takes effect at the next start. */
  stageRestore(
    file: ReadableStream<Uint8Array>,
    passphrase: string | undefined,
    actor: string,
  ): Promise<CopyReport>
  restoreIsStaged(): boolean
}

/** The one door of this daemon. */
export interface DoorPort extends Pick<DoorControl, 'state' | 'open' | 'setLockdown'> {
  /** Of the door, for people. */
  readonly name: string
}

/** The browsers that are signed in. */
export interface SessionsPort {
  /** @returns what the browser's cookie holds, and when it ends at the latest */
  begin(principal: Principal): Awaitable<{ readonly text: string; readonly expiresAtMs: number }>
  /** @returns `undefined` for a session that is over */
  verify(text: string): Awaitable<Principal | undefined>
  end(principal: Principal): Awaitable<void>
}

/** All that the admin API needs of the rest of genkan. */
export interface AdminPorts {
  readonly persons: PersonsPort
  readonly faces: FacesPort
  readonly recognition: RecognitionPort
  readonly decisions: DecisionsPort
  readonly live: LivePort
  readonly tokens: TokensPort
  readonly sessions: SessionsPort
  readonly audit: AuditPort
  readonly groups: Groups
  readonly door: DoorPort
  readonly fleet: FleetPort
  readonly consents: ConsentsPort
  readonly settings: SettingsPort
  readonly backups: BackupsPort
  kiosk(): KioskSettings
  /** Removes what is beyond its time, persons included; audited. */
  purge(dryRun: boolean, actor: string): Promise<PurgeReport>
  /** In the text format of Prometheus. */
  metrics(): Awaitable<{ readonly type: string; readonly text: string }>
  readonly idempotency: IdempotencyPort
  readonly style: StylePort
  readonly display: DisplayPort
  health(): Health
}
