import type { AdminPorts, EnrolmentResult, Health, Page, PersonEntry } from './admin/ports.js'
import type { PictureReader } from './encoding/read-picture.js'
import type { EnrolledBy, Enrolment, EnrolmentService } from './enrolment.js'
import { toFaceRejection } from './face-rejection.js'
import type { LiveView } from './live-view.js'
import { createRecognitionPort } from './recognition-port.js'
import type { Recognition } from './recognition.js'
import type { Person } from './store/person.js'
import type { Store } from './store/store.js'

export interface AdminPortParts {
  readonly store: Store
  readonly recognition: Recognition
  readonly enrolment: EnrolmentService
  readonly readProbe: PictureReader
  readonly live: LiveView
  readonly health: () => Health
}

/** Gives the admin API what it asks for out of store, gallery and live view. */
export function createAdminPorts(parts: AdminPortParts): AdminPorts {
  const { store, recognition, enrolment, live } = parts

  function withFaces(person: Person, faces: number): PersonEntry {
    return { ...person, faces }
  }

  function listPersons(cursor: string | undefined, limit: number): Page<PersonEntry> {
    const counts = store.templates.counts()
    const persons = store.persons.list()
    const after = cursor === undefined ? 0 : persons.findIndex(({ id }) => id > cursor)
    const items = after < 0 ? [] : persons.slice(after, after + limit)
    const more = after >= 0 && after + limit < persons.length
    return {
      items: items.map((person) => withFaces(person, counts.get(person.id) ?? 0)),
      nextCursor: more ? (items.at(-1)?.id ?? null) : null,
    }
  }

  async function enrol(
    personId: string,
    read: (by: EnrolledBy) => Promise<Enrolment>,
    source: EnrolledBy['source'],
  ): Promise<EnrolmentResult> {
    if (store.persons.get(personId) === undefined) return { outcome: 'no-such-person' }
    const result = await read({ source, actor: 'admin' })
    switch (result.outcome) {
      case 'enrolled':
        live.showSystemChange()
        return { outcome: 'enrolled', faceId: result.templateId, quality: result.quality }
      case 'same-as-person':
        return {
          outcome: 'rejected',
          reason: 'same-as-person',
          detail: result.detail,
          personId: result.personId,
        }
      case 'rejected':
        return {
          outcome: 'rejected',
          reason: toFaceRejection(result.reason),
          detail: result.detail,
        }
    }
  }

  return {
    persons: {
      create: (name) => withFaces(store.persons.create(name, 'admin'), 0),
      list: ({ cursor, limit }) => listPersons(cursor, limit),
      get(id) {
        const person = store.persons.get(id)
        return person && withFaces(person, store.templates.counts().get(id) ?? 0)
      },
      remove(id) {
        if (store.persons.get(id) === undefined) return false
        recognition.gallery.removePerson(id)
        store.persons.delete(id, 'admin')
        live.showSystemChange()
        return true
      },
    },
    faces: {
      addFromPicture: (personId, bytes) =>
        enrol(personId, (by) => enrolment.fromBytes(personId, bytes, by), 'upload'),
      addFromCamera(personId) {
        const frame = live.latestFrame()
        if (frame === undefined) {
          return {
            outcome: 'unavailable',
            cause: 'the camera has given no picture yet',
            cure: 'wait for the camera, or see its state in the console',
          }
        }
        return enrol(personId, (by) => enrolment.fromImage(personId, frame.image, by), 'camera')
      },
    },
    recognition: createRecognitionPort(parts),
    decisions: {
      list({ cursor, limit }) {
        const page = store.decisions.list({ limit, ...(cursor === undefined ? {} : { cursor }) })
        return {
          items: page.decisions.map(({ decision }) => decision),
          nextCursor: page.nextCursor,
        }
      },
    },
    live,
    tokens: {
      async verify(text) {
        const token = await store.adminTokens.verify(text)
        return token && { id: token.id, name: token.label, role: token.role }
      },
    },
    sessions: {
      begin: ({ id, role }) => store.sessions.create(id, role),
      verify(text) {
        const session = store.sessions.verify(text)
        const token = session && store.adminTokens.get(session.tokenId)
        return token && { id: token.id, name: token.label, role: token.role, sessionId: session.id }
      },
      end({ id, sessionId }) {
        if (sessionId !== undefined) store.sessions.end(sessionId, `token:${id}`)
      },
    },
    health: parts.health,
  }
}
