import type { ProbeRefusal, RecognitionPort } from './admin/ports/recognition.js'
import type { Embedding } from './encoding/embedding.js'
import type { PictureReader } from './encoding/read-picture.js'
import { toFaceRejection } from './face-rejection.js'
import { decodeImage } from './frame/decode.js'
import type { Recognition } from './recognition.js'
import type { Store } from './store/store.js'
import { createThresholdCurves } from './threshold-curves.js'

export interface RecognitionPortParts {
  readonly store: Pick<Store, 'persons' | 'templates' | 'audit'>
  readonly recognition: Recognition
  readonly readProbe: PictureReader
}

const NO_THRESHOLD = {
  outcome: 'unavailable',
  cause: 'no valid calibration for the encoder',
  cure: 'run `genkan calibrate` or reinstall genkan',
} as const satisfies ProbeRefusal

const NO_OPINION = {
  outcome: 'unavailable',
  cause: 'matching.secondOpinion is refuse, but no siamese head was learnt for this encoder',
  cure: 'run `genkan learn siamese`, or set it to off',
} as const satisfies ProbeRefusal

type Probe = { readonly outcome: 'read'; readonly embedding: Embedding } | ProbeRefusal

/**
 * Compares pictures with the gallery as it is held, encoding nothing but the probe.
 * Every request is in the audit before anything is compared: no trace, no answer.
 */
export function createRecognitionPort(parts: RecognitionPortParts): RecognitionPort {
  const { store, recognition, readProbe } = parts

  async function read(bytes: Uint8Array): Promise<Probe> {
    const decoded = await decodeImage(bytes)
    if (!decoded.ok) {
      const { reason, detail } = decoded
      return { outcome: 'rejected', reason: toFaceRejection(reason), detail }
    }
    const reading = await readProbe(decoded.image)
    if (reading.kind === 'rejected') {
      const { fault, detail } = reading
      return { outcome: 'rejected', reason: toFaceRejection(fault), detail }
    }
    return { outcome: 'read', embedding: reading.embedding }
  }

  return {
    thresholds: () => recognition.thresholdAdvice(),
    curves: createThresholdCurves(recognition),

    async identify(bytes, by) {
      store.audit.append({ actor: `token:${by.id}`, action: 'face.identify' })
      const probe = await read(bytes)
      if (probe.outcome !== 'read') return probe
      const inForce = recognition.threshold()
      if (inForce === undefined) return NO_THRESHOLD
      const found = recognition.identify(probe.embedding)
      const limits = {
        threshold: inForce.value,
        margin: inForce.margin,
        galleryPersons: recognition.gallery.personCount,
      }
      switch (found.outcome) {
        case 'refused':
          throw new Error(`the encoder gave an embedding of no use: ${found.detail}`)
        case 'unknown':
          return {
            outcome: 'unknown',
            distanceSq: found.nearestDistanceSq,
            runnerUpDistanceSq: null,
            ...limits,
          }
        case 'ambiguous': {
          const { outcome, distanceSq, runnerUpDistanceSq } = found
          return { outcome, distanceSq, runnerUpDistanceSq, ...limits }
        }
        case 'match': {
          const { personId, distanceSq, runnerUpDistanceSq } = found
          const distances = { distanceSq, runnerUpDistanceSq }
          const person = store.persons.get(personId)
          // Deleted by another process a moment ago: the gallery follows, the store is right.
          if (person === undefined) return { outcome: 'unknown', ...distances, ...limits }
          const { id, name } = person
          return { outcome: 'match', person: { id, name }, ...distances, ...limits }
        }
      }
    },

    async verify(personId, bytes, by) {
      if (store.persons.get(personId) === undefined) return { outcome: 'no-such-person' }
      const actor = `token:${by.id}`
      store.audit.append({ actor, action: 'face.verify', subjectId: personId })
      const probe = await read(bytes)
      if (probe.outcome !== 'read') return probe
      const templates = store.templates.counts().get(personId) ?? 0
      const threshold = recognition.verificationThreshold(Math.max(1, templates))?.value
      if (threshold === undefined) return NO_THRESHOLD
      const verdict = recognition.verify(probe.embedding, { personId, templates })
      switch (verdict.outcome) {
        case 'no-threshold':
          return NO_THRESHOLD
        case 'no-opinion':
          return NO_OPINION
        case 'refused':
          throw new Error(`the encoder gave an embedding of no use: ${verdict.detail}`)
        case 'not-enrolled':
          return { outcome: 'not-enrolled', distanceSq: null, threshold }
        case 'same':
        case 'different': {
          const { outcome, distanceSq } = verdict
          return { outcome, distanceSq, threshold }
        }
      }
    },
  }
}
