import type { EnrolmentSource } from '../../store/person.js'
import type { Awaitable } from './awaitable.js'

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
