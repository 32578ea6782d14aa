import { createHash, randomBytes } from 'node:crypto'

import sharp from 'sharp'
import { ulid } from 'ulid'

import type { AdminPorts } from '../../src/admin/ports.js'
import type { EnrolmentResult } from '../../src/admin/ports/faces.js'
import type { Health } from '../../src/admin/ports/health.js'
import type { LiveEvent, Snapshot } from '../../src/admin/ports/live.js'
import type { PersonEntry } from '../../src/admin/ports/persons.js'
import type { Decision } from '../../src/decision/decision.js'
import { emptyDesk } from './empty-desk.js'
import { emptyStyle } from './empty-style.js'
import { pageOf } from './page-of.js'
import { sampleThresholds } from './sample-thresholds.js'

const MAX_PIXELS = 25_000_000

/** A door held in memory: the admin ports with real pictures, and a hand on what happens there. */
export interface MemoryDoor {
  readonly ports: AdminPorts
  readonly token: string
  /** Number of listeners of live events. */
  readonly listeners: () => number
  /** Writes a decision and tells the viewers. */
  decide(decision: Decision): void
  tell(event: LiveEvent): void
  /** Changes the health document and tells the viewers. */
  setHealth(change: Partial<Health>): void
  /** The picture that the camera gives from now on. */
  show(picture: Uint8Array | undefined): void
}

const { identification: IDENTIFICATION, verification: VERIFICATION } = sampleThresholds

/**
 * Judges a picture with a real decoder. What a detector would say of it is written into its size:
 * a picture 600 pixels wide has no face, one 700 pixels wide has two.
 */
async function examine(bytes: Uint8Array): Promise<EnrolmentResult> {
  const reject = (reason: 'broken-image' | 'too-large' | 'no-face' | 'two-faces', detail: string) =>
    ({ outcome: 'rejected', reason, detail }) as const
  try {
    const { width, height } = await sharp(bytes, { limitInputPixels: false }).metadata()
    if (width * height > MAX_PIXELS) {
      return reject(
        'too-large',
        `The picture is ${width}×${height} pixels; 25 megapixels are allowed.`,
      )
    }
    if (width === 600) return reject('no-face', 'No face was found in the picture.')
    if (width === 700) return reject('two-faces', 'The picture shows 2 faces.')
    await sharp(bytes, { failOn: 'truncated' }).raw().toBuffer()
  } catch {
    return reject('broken-image', 'The picture is cut off or damaged.')
  }
  return { outcome: 'enrolled', faceId: ulid(), quality: 0.91 }
}

const newPerson = (name: string) => ({
  id: ulid(),
  name,
  active: true,
  createdAtMs: Date.now(),
  validFromMs: null,
  validUntilMs: null,
  groups: [],
  retainUntilMs: null,
  version: 1,
})

const digest = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')

/** An empty door whose camera shows `picture`. */
export function createMemoryDoor(picture?: Uint8Array): MemoryDoor {
  const token = randomBytes(32).toString('base64url')
  const persons: PersonEntry[] = []
  const decisions: Decision[] = []
  const listeners = new Set<(event: LiveEvent) => void>()
  const personOfPicture = new Map<string, string>()
  let snapshot: Snapshot | undefined
  let sequence = 0
  let health: Health = {
    status: 'ok',
    version: '0.1.0',
    door: 'front-door',
    startedAtMs: Date.UTC(2026, 10, 23, 7, 30),
    camera: {
      description: 'Replay of 4 clips',
      state: { name: 'ready', framesPerSecond: 12 },
    },
    broker: { description: 'mqtt://127.0.0.1:1883', state: { name: 'ready' }, waiting: 0 },
    models: {
      detector: 'rfb-320',
      landmarks: 'landmark-68',
      liveness: 'minifasnet-v1se',
      encoder: 'mobilefacenet-128',
    },
    gallery: { persons: 0, templates: 0 },
    threshold: { value: 1.18, targetFpir: 0.001 },
  }

  function tell(event: LiveEvent) {
    for (const listener of listeners) listener(event)
  }

  function show(jpeg: Uint8Array | undefined) {
    snapshot = jpeg && { jpeg, sequence: ++sequence, capturedAtMs: Date.now() }
  }

  async function addFace(personId: string, bytes: Uint8Array): Promise<EnrolmentResult> {
    const index = persons.findIndex(({ id }) => id === personId)
    const person = persons.at(index)
    if (index < 0 || person === undefined) return { outcome: 'no-such-person' }
    const result = await examine(bytes)
    if (result.outcome === 'enrolled') {
      personOfPicture.set(digest(bytes), personId)
      persons[index] = { ...person, faces: person.faces + 1 }
      tell({ type: 'system' })
    }
    return result
  }

  /** The memory door knows a face by its picture's bytes. */
  async function probeOf(bytes: Uint8Array) {
    const result = await examine(bytes)
    return result.outcome === 'rejected'
      ? result
      : { outcome: 'read' as const, personId: personOfPicture.get(digest(bytes)) }
  }

  show(picture)
  return {
    token,
    tell,
    show,
    listeners: () => listeners.size,
    decide(decision) {
      decisions.unshift(decision)
      tell({ type: 'decision', decision })
    },
    setHealth(change) {
      health = { ...health, ...change }
      tell({ type: 'system' })
    },
    ports: {
      tokens: {
        verify: (given) =>
          given === token
            ? { id: '01JD4QXNWZ8Y3Q4R5S6T7V8W9X', name: 'first', role: 'admin' }
            : undefined,
        list: () => [],
        create: ({ label, role }) => ({
          token: { id: ulid(), label, role, createdAtMs: Date.now(), lastUsedAtMs: null },
          text: randomBytes(32).toString('base64url'),
        }),
        revoke: () => 'no-such-token',
      },
      ...emptyDesk,
      ...emptyStyle,
      display: {
        ...emptyStyle.display,
        livePicture: () => snapshot && { ...snapshot, style: null },
      },
      sessions: {
        begin: () => ({ text: token, expiresAtMs: Date.now() + 60_000 }),
        verify: (text) =>
          text === token
            ? { id: '01JD4QXNWZ8Y3Q4R5S6T7V8W9X', name: 'first', role: 'admin', sessionId: '1' }
            : undefined,
        end: () => undefined,
      },
      health: () => ({
        ...health,
        gallery: {
          persons: persons.length,
          templates: persons.reduce((sum, { faces }) => sum + faces, 0),
        },
      }),
      persons: {
        create(name) {
          const person = { ...newPerson(name), faces: 0 }
          persons.push(person)
          tell({ type: 'system' })
          return person
        },
        list: (query) => pageOf(persons, query, ({ id }) => id),
        get: (id) => persons.find((person) => person.id === id),
        update: () => ({ outcome: 'no-such-person' }),
        export: () => undefined,
        remove(id) {
          const index = persons.findIndex((person) => person.id === id)
          if (index < 0) return undefined
          const [{ faces }] = persons.splice(index, 1)
          tell({ type: 'system' })
          return {
            erased: {
              templates: faces,
              pictures: faces,
              consents: 0,
              negatives: 0,
              stylePictures: 0,
            },
            decisionsKept: 0,
            proof: { proven: true, searchedBytes: 0, found: 0, logBytes: 0, inGallery: false },
            verifiedAtMs: Date.now(),
          }
        },
      },
      faces: {
        addFromPicture: addFace,
        addFromCamera: (personId) =>
          snapshot === undefined
            ? {
                outcome: 'unavailable',
                cause: 'The camera has given no picture yet.',
                cure: 'Check the camera, then try again.',
              }
            : addFace(personId, snapshot.jpeg),
        list: () => [],
        picture: () => undefined,
        remove: () => false,
      },
      recognition: {
        async identify(bytes) {
          const probe = await probeOf(bytes)
          if (probe.outcome === 'rejected') return probe
          const person = persons.find(({ id }) => id === probe.personId)
          return {
            outcome: person === undefined ? 'unknown' : 'match',
            ...(person === undefined ? {} : { person: { id: person.id, name: person.name } }),
            distanceSq: person === undefined ? null : 0,
            runnerUpDistanceSq: null,
            threshold: IDENTIFICATION.value,
            margin: IDENTIFICATION.margin,
            galleryPersons: persons.length,
          }
        },
        async verify(personId, bytes) {
          const person = persons.find(({ id }) => id === personId)
          if (person === undefined) return { outcome: 'no-such-person' }
          const probe = await probeOf(bytes)
          if (probe.outcome === 'rejected') return probe
          const threshold = VERIFICATION.value
          if (person.faces === 0) return { outcome: 'not-enrolled', distanceSq: null, threshold }
          return probe.personId === personId
            ? { outcome: 'same', distanceSq: 0, threshold }
            : { outcome: 'different', distanceSq: 2, threshold }
        },
        thresholds: () => ({ identification: IDENTIFICATION, verification: VERIFICATION }),
        curves: () => undefined,
      },
      decisions: {
        list: (query) => pageOf(decisions, query, ({ id }) => id),
        notThisPerson: () => ({ outcome: 'no-such-decision' }),
      },
      idempotency: { find: () => undefined, keep: () => undefined },
      live: {
        latestJpeg: () => snapshot,
        recentCues: () => [],
        subscribe(listener) {
          listeners.add(listener)
          return () => listeners.delete(listener)
        },
      },
    },
  }
}
