import type { PictureFault, PictureReader } from './encoding/read-picture.js'
import { decodeImage, encodePng } from './frame/decode.js'
import type { DecodeFault } from './frame/decode.js'
import type { Image } from './frame/image.js'
import type { Recognition } from './recognition.js'
import type { EnrolmentSource } from './store/person.js'
import type { Store } from './store/store.js'

/** How an enrolment ended. A bad picture is a result, never an exception. */
export type Enrolment =
  | {
      readonly outcome: 'enrolled'
      readonly templateId: string
      readonly quality: number
    }
  | {
      readonly outcome: 'rejected'
      readonly reason: PictureFault | DecodeFault | 'looks-like-a-photo'
      readonly detail: string
    }
  | {
      /** The face already belongs to somebody else. */
      readonly outcome: 'same-as-person'
      readonly personId: string
      readonly detail: string
    }

export interface EnrolmentParts {
  readonly store: Store
  /** Also finds a face that is already enrolled under another name. */
  readonly recognition: Recognition
  readonly readEnrolment: PictureReader
}

/** Adds faces to persons: store first, gallery after, so that what is recognised is also kept. */
export interface EnrolmentService {
  /**
   * @param personId a person who exists
   * @param actor who does it, for the audit
   */
  fromBytes(personId: string, bytes: Uint8Array, by: EnrolledBy): Promise<Enrolment>
  fromImage(personId: string, image: Image, by: EnrolledBy): Promise<Enrolment>
}

export interface EnrolledBy {
  readonly source: EnrolmentSource
  readonly actor: string
  /**
   * Enrols a face that somebody else already has, such as a twin's, or that looks like a photograph;
   * audited by its own name.
   */
  readonly force?: boolean
}

/** What was seen, and what to do about it. */
export const PHOTO_ADVICE =
  'the skin has the texture of a print or screen; take the picture of the person, not of a photograph'

/** Joins picture reading, store and gallery. */
export function createEnrolmentService(parts: EnrolmentParts): EnrolmentService {
  const { store, recognition, readEnrolment } = parts

  async function fromImage(personId: string, image: Image, by: EnrolledBy): Promise<Enrolment> {
    const reading = await readEnrolment(image)
    if (reading.kind === 'rejected') {
      return { outcome: 'rejected', reason: reading.fault, detail: reading.detail }
    }
    const { embedding, aligned, quality, looksLikePhoto } = reading
    if (looksLikePhoto && by.force !== true) {
      return { outcome: 'rejected', reason: 'looks-like-a-photo', detail: PHOTO_ADVICE }
    }
    const other = recognition.nearestOther(embedding, personId)
    if (other !== undefined && by.force !== true) {
      const detail = 'this face is already enrolled as another person; delete that one first'
      return { outcome: 'same-as-person', personId: other, detail }
    }
    const cropPng = await encodePng(aligned)
    const template = store.templates.add(
      { personId, embedding, quality, source: by.source, cropPng },
      by.actor,
    )
    if (other !== undefined || looksLikePhoto) {
      store.audit.append({ actor: by.actor, action: 'template.force', subjectId: template.id })
    }
    recognition.gallery.add({ templateId: template.id, personId, embedding })
    return { outcome: 'enrolled', templateId: template.id, quality }
  }

  return {
    fromImage,
    async fromBytes(personId, bytes, by) {
      const decoded = await decodeImage(bytes)
      if (!decoded.ok) {
        return { outcome: 'rejected', reason: decoded.reason, detail: decoded.detail }
      }
      return fromImage(personId, decoded.image, by)
    },
  }
}
