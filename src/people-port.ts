import { setImmediate as turn } from 'node:timers/promises'

import type { ConsentsPort } from './admin/ports/consents.js'
import type { FaceEntry, FacesPort } from './admin/ports/faces.js'
import type {
  ErasureReport,
  PersonEntry,
  PersonExport,
  PersonsPort,
} from './admin/ports/persons.js'
import type { Decision } from './decision/decision.js'
import type { EnrolledBy, Enrolment, EnrolmentService } from './enrolment.js'
import { toFaceRejection } from './face-rejection.js'
import type { LiveView } from './live-view.js'
import type { RecentProbes } from './recent-probes.js'
import type { Recognition } from './recognition.js'
import type { Person, Template } from './store/person.js'
import type { Store } from './store/store.js'
import { toVectorBytes } from './store/vector-bytes.js'

export interface PeoplePortParts {
  readonly store: Store
  readonly recognition: Recognition
  readonly enrolment: EnrolmentService
  readonly recentProbes: RecentProbes
  readonly live: LiveView
  readonly nowMs: () => number
}

const DECISIONS_A_TURN = 100
/** Anything shorter is found in what has nothing to do with it. */
const LEAST_SEARCHED_BYTES = 64

/** Persons and their faces, in store and gallery together. */
export function createPeoplePorts(parts: PeoplePortParts): {
  readonly persons: PersonsPort
  readonly faces: FacesPort
  readonly consents: ConsentsPort
} {
  const { store, recognition, enrolment, recentProbes, live } = parts

  const withFaces = (person: Person): PersonEntry => ({
    ...person,
    faces: store.templates.countOf(person.id),
  })

  async function enrol(
    personId: string,
    read: (by: EnrolledBy) => Promise<Enrolment>,
    by: EnrolledBy,
  ) {
    if (store.persons.get(personId) === undefined) return { outcome: 'no-such-person' } as const
    const result = await read(by)
    switch (result.outcome) {
      case 'enrolled':
        live.showSystemChange()
        return { outcome: 'enrolled', faceId: result.templateId, quality: result.quality } as const
      case 'same-as-person':
        return {
          outcome: 'rejected',
          reason: 'same-as-person',
          detail: result.detail,
          personId: result.personId,
        } as const
      case 'rejected':
        return {
          outcome: 'rejected',
          reason: toFaceRejection(result.reason),
          detail: result.detail,
        } as const
    }
  }

  function idlePictureOf(id: string): Uint8Array | null {
    const idle = store.displayPicture.get()
    return idle?.personId === id ? idle.jpeg : null
  }

  /** What style jobs hold of a person, and the idle picture that was made of one. */
  function stylePicturesOf(id: string): Uint8Array[] {
    const idle = idlePictureOf(id)
    return [...store.styleJobs.picturesOfPerson(id), ...(idle === null ? [] : [idle])].filter(
      ({ length }) => length > LEAST_SEARCHED_BYTES,
    )
  }

  /** Removes everything held about a person and looks whether it is gone. */
  async function erase(id: string, actor: string): Promise<ErasureReport | undefined> {
    if (store.persons.get(id) === undefined) return undefined
    const templates = store.templates.byPerson(id)
    const stylePictures = stylePicturesOf(id)
    const erased = {
      templates: templates.length,
      pictures: templates.filter(({ cropPng }) => cropPng.length > 0).length,
      consents: store.consents.byPerson(id).length,
      negatives: store.negatives.countOf(id),
      stylePictures: stylePictures.length,
    }
    const { erased: logCut } = store.persons.delete(id, actor)
    recognition.gallery.removePerson(id)
    recognition.reloadNegatives()
    recentProbes.forgetAll()
    live.showSystemChange()
    const search = await store.erasure.search([...thingsOf(templates), ...stylePictures])
    const decisionsKept = store.decisions.countOf(id)
    const proven =
      logCut &&
      search.searchedBytes !== null &&
      search.found === 0 &&
      search.logBytes === 0 &&
      !recognition.gallery.hasPerson(id)
    return {
      erased,
      decisionsKept,
      proof: {
        proven,
        searchedBytes: search.searchedBytes,
        found: search.found,
        logBytes: search.logBytes,
        inGallery: recognition.gallery.hasPerson(id),
      },
      verifiedAtMs: parts.nowMs(),
    }
  }

  async function exportAll(id: string, actor: string): Promise<PersonExport | undefined> {
    const person = store.persons.get(id)
    if (person === undefined) return undefined
    store.audit.append({ actor, action: 'person.export', subjectId: id })
    const decisions: Decision[] = []
    let cursor: string | null | undefined
    do {
      const page = store.decisions.list({
        personId: id,
        limit: DECISIONS_A_TURN,
        ...(typeof cursor === 'string' ? { cursor } : {}),
      })
      decisions.push(...page.decisions.map(({ decision }) => decision))
      cursor = page.nextCursor
      // The door goes on in between.
      await turn()
    } while (cursor !== null)
    return {
      person: withFaces(person),
      consents: store.consents.byPerson(id),
      faces: store.templates.byPerson(id).map((template) => ({
        ...toFace(template),
        picturePng: template.cropPng.length > 0 ? template.cropPng : null,
        template: template.embedding.vector,
      })),
      negatives: store.negatives.countOf(id),
      styleJobs: store.styleJobs.ofPerson(id).map((job) => ({
        id: job.id,
        state: job.state,
        createdAtMs: job.createdAtMs,
        endedAtMs: job.endedAtMs,
        contentPng: store.styleJobs.picture(job.id, 'content') ?? null,
        resultPng: store.styleJobs.picture(job.id, 'result') ?? null,
      })),
      idlePictureJpeg: idlePictureOf(id),
      decisions,
      audit: store.audit.about(id),
    }
  }

  function faceOf(personId: string, faceId: string): Template | undefined {
    const template = store.templates.get(faceId)
    return template?.personId === personId ? template : undefined
  }

  const toFace = ({
    id,
    personId,
    quality,
    source,
    enrolledAtMs,
    embedding,
  }: Template): FaceEntry => ({
    id,
    personId,
    quality,
    source,
    enrolledAtMs,
    modelId: embedding.modelId,
  })

  return {
    persons: {
      create: (name, actor) => withFaces(store.persons.create(name, actor)),
      list({ cursor, limit, search }) {
        const page = store.persons.page({
          limit,
          ...(cursor === undefined ? {} : { afterId: cursor }),
          ...(search === undefined ? {} : { search }),
        })
        const items = page.persons.map(withFaces)
        return { items, nextCursor: page.more ? (items.at(-1)?.id ?? null) : null }
      },
      get(id) {
        const person = store.persons.get(id)
        return person && withFaces(person)
      },
      update(id, change, actor, version) {
        const result = store.persons.update(id, change, actor, version)
        if (result.outcome !== 'updated') return result
        if (change.groups !== undefined) recognition.refresh(id)
        live.showSystemChange()
        return { outcome: 'updated', person: withFaces(result.person) }
      },
      remove: erase,
      export: exportAll,
    },
    consents: {
      list: (id) => (store.persons.get(id) === undefined ? undefined : store.consents.byPerson(id)),
      add: (id, consent, actor) => store.consents.add(id, consent, actor),
    },
    faces: {
      addFromPicture: (personId, bytes, { actor, force }) =>
        enrol(personId, (by) => enrolment.fromBytes(personId, bytes, by), {
          source: 'upload',
          actor,
          force,
        }),
      addFromCamera(personId, { actor, force }) {
        const frame = live.latestFrame()
        if (frame === undefined) {
          return {
            outcome: 'unavailable',
            cause: 'the camera has given no picture yet',
            cure: 'wait for the camera, or see its state in the console',
          }
        }
        return enrol(personId, (by) => enrolment.fromImage(personId, frame.image, by), {
          source: 'camera',
          actor,
          force,
        })
      },
      list(personId) {
        if (store.persons.get(personId) === undefined) return undefined
        return store.templates.byPerson(personId).map(toFace)
      },
      picture(personId, faceId) {
        const crop = faceOf(personId, faceId)?.cropPng
        return crop === undefined || crop.length === 0 ? undefined : crop
      },
      remove(personId, faceId, actor) {
        if (faceOf(personId, faceId) === undefined) return false
        store.templates.delete(faceId, actor)
        recognition.gallery.remove(faceId)
        live.showSystemChange()
        return true
      },
    },
  }
}

function thingsOf(templates: readonly Template[]): Uint8Array[] {
  return templates.flatMap(({ cropPng, embedding }) => [
    ...(cropPng.length > LEAST_SEARCHED_BYTES ? [cropPng] : []),
    toVectorBytes(embedding.vector),
  ])
}
