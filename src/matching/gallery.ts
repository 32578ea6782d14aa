import type { Embedding } from '../encoding/embedding.js'
import {
  describeEmbeddingFault,
  EmbeddingRefusedError,
  findEmbeddingFault,
  type EmbeddingFault,
} from './embedding-fault.js'
import { createGalleryIndex } from './gallery-index.js'
import { createShardedMap } from './sharded-map.js'
import type { GalleryPrecision } from './template-rows.js'

/** What the gallery needs of an enrolled template. */
export interface GalleryTemplate {
  readonly templateId: string
  readonly personId: string
  readonly embedding: Embedding
}

/** A person with the squared L2 distance of the nearest of their templates. */
export interface PersonMatch {
  readonly personId: string
  readonly distanceSq: number
}

/** When two people count as the same and when two candidates are too alike; both squared L2. */
export interface IdentifyOptions {
  /** τ: same person iff distanceSq ≤ τ, in [0, 4]. */
  readonly threshold: number
  /** The runner-up person must be at least this much farther than the best; ≥ 0. A tie never matches. */
  readonly margin: number
}

/** How a 1:K search ended. Only `match` names a person. */
export type Identification =
  | {
      readonly outcome: 'match'
      readonly personId: string
      readonly distanceSq: number
      /** `null` when nobody else is enrolled. */
      readonly runnerUpDistanceSq: number | null
    }
  | {
      readonly outcome: 'ambiguous'
      readonly distanceSq: number
      readonly runnerUpDistanceSq: number
    }
  | {
      readonly outcome: 'unknown'
      /** `null` when the gallery is empty. */
      readonly nearestDistanceSq: number | null
    }
  | { readonly outcome: 'refused'; readonly fault: EmbeddingFault; readonly detail: string }

/** How a 1:1 comparison with a claimed person ended. */
export type Verification =
  | { readonly outcome: 'same'; readonly personId: string; readonly distanceSq: number }
  | { readonly outcome: 'different'; readonly distanceSq: number }
  | { readonly outcome: 'not-enrolled' }
  | { readonly outcome: 'refused'; readonly fault: EmbeddingFault; readonly detail: string }

/**
 * Enrolled templates of one model, searched exactly.
 *
 * Adding and removing cost the same at any size, so a door never waits for a rebuild.
 */
export interface Gallery {
  readonly modelId: string
  /** K: persons with at least one template. */
  readonly personCount: number
  readonly templateCount: number
  /**
   * Adds one template.
   * @throws EmbeddingRefusedError for another model's, a non-finite, wrong-length or unnormalised embedding
   * @throws RangeError when the template id is already there, or there is no more memory
   */
  add(template: GalleryTemplate): void
  /** Removes one template; `false` when it was not there. */
  remove(templateId: string): boolean
  /** Removes a person's templates; returns how many there were. */
  removePerson(personId: string): number
  /** Copies of the person's template vectors, in no order. */
  vectorsOf(personId: string): Float32Array[]
  /** Whether the person has a template here. */
  hasPerson(personId: string): boolean
  /**
   * The `k` nearest persons, nearest first, each with the distance of their nearest template.
   * @throws EmbeddingRefusedError for an unfit probe
   * @throws RangeError when `k` is not a positive integer
   */
  search(probe: Embedding, k: number): PersonMatch[]
  /**
   * Open-set identification 1:K.
   * @throws RangeError for a threshold outside [0, 4] or a negative margin
   */
  identify(probe: Embedding, options: IdentifyOptions): Identification
  /**
   * Verification 1:1 against a claimed person.
   * @throws RangeError for a threshold outside [0, 4]
   */
  verify(probe: Embedding, personId: string, threshold: number): Verification
}

function checkThreshold(threshold: number): void {
  if (!(threshold >= 0 && threshold <= 4)) {
    throw new RangeError(`threshold must be a squared L2 distance in [0, 4], got ${threshold}`)
  }
}

/**
 * Creates an empty {@link Gallery} for the embeddings of one model.
 * @throws Error when WebAssembly SIMD is not there
 */
export function createGallery(
  modelId: string,
  options: { readonly precision?: GalleryPrecision } = {},
): Gallery {
  const index = createGalleryIndex(options.precision)
  const rowOfTemplate = createShardedMap<number>()
  const templateOfRow: string[] = []
  const slotOfPerson = createShardedMap<number>()
  const personOfSlot: string[] = []
  const freeSlots: number[] = []

  function check(embedding: Embedding): void {
    const fault = findEmbeddingFault(embedding, modelId)
    if (fault) throw new EmbeddingRefusedError(fault, describeEmbeddingFault(fault, embedding))
  }

  function searchChecked(probe: Embedding, k: number): PersonMatch[] {
    return index
      .nearest(probe.vector, k)
      .map(({ slot, distanceSq }) => ({ personId: personOfSlot[slot], distanceSq }))
  }

  function rowsOf(personId: string): number[] {
    const slot = slotOfPerson.get(personId)
    return slot === undefined ? [] : [...index.rowsOf(slot)]
  }

  function removeRow(row: number): void {
    index.remove(row)
    const moved = templateOfRow.pop()
    if (moved === undefined || row === templateOfRow.length) return
    templateOfRow[row] = moved
    rowOfTemplate.set(moved, row)
  }

  function remove(templateId: string): boolean {
    const row = rowOfTemplate.get(templateId)
    if (row === undefined) return false
    const slot = index.slotOf(row)
    rowOfTemplate.delete(templateId)
    removeRow(row)
    const personId = personOfSlot[slot]
    if (rowsOf(personId).length === 0) {
      slotOfPerson.delete(personId)
      freeSlots.push(slot)
    }
    return true
  }

  return {
    modelId,
    get personCount() {
      return slotOfPerson.size
    },
    get templateCount() {
      return index.size
    },

    add({ templateId, personId, embedding }) {
      check(embedding)
      if (rowOfTemplate.has(templateId)) {
        throw new RangeError(`template ${templateId} is already in the gallery; remove it first`)
      }
      const known = slotOfPerson.get(personId)
      const slot = known ?? freeSlots.at(-1) ?? personOfSlot.length
      const row = index.add(embedding.vector, slot)
      if (known === undefined) {
        if (slot === freeSlots.at(-1)) freeSlots.pop()
        slotOfPerson.set(personId, slot)
        personOfSlot[slot] = personId
      }
      templateOfRow[row] = templateId
      rowOfTemplate.set(templateId, row)
    },

    remove,

    removePerson(personId) {
      const templateIds = rowsOf(personId).map((row) => templateOfRow[row])
      for (const templateId of templateIds) remove(templateId)
      return templateIds.length
    },

    vectorsOf: (personId) => rowsOf(personId).map((row) => index.read(row)),
    hasPerson: (personId) => slotOfPerson.has(personId),

    search(probe, k) {
      if (!Number.isInteger(k) || k < 1) {
        throw new RangeError(`k must be a positive integer, got ${k}`)
      }
      check(probe)
      return searchChecked(probe, k)
    },

    identify(probe, { threshold, margin }) {
      checkThreshold(threshold)
      if (!(margin >= 0)) throw new RangeError(`margin must be ≥ 0, got ${margin}`)
      const fault = findEmbeddingFault(probe, modelId)
      if (fault) {
        return { outcome: 'refused', fault, detail: describeEmbeddingFault(fault, probe) }
      }
      const found = searchChecked(probe, 2)
      const best = found.at(0)
      if (!best || !(best.distanceSq <= threshold)) {
        return { outcome: 'unknown', nearestDistanceSq: best?.distanceSq ?? null }
      }
      const { personId, distanceSq } = best
      const runnerUpDistanceSq = found.at(1)?.distanceSq ?? null
      if (runnerUpDistanceSq !== null) {
        const gap = runnerUpDistanceSq - distanceSq
        if (!(gap >= margin && gap > 0)) {
          return { outcome: 'ambiguous', distanceSq, runnerUpDistanceSq }
        }
      }
      return { outcome: 'match', personId, distanceSq, runnerUpDistanceSq }
    },

    verify(probe, personId, threshold) {
      checkThreshold(threshold)
      const fault = findEmbeddingFault(probe, modelId)
      if (fault) {
        return { outcome: 'refused', fault, detail: describeEmbeddingFault(fault, probe) }
      }
      const rows = rowsOf(personId)
      if (rows.length === 0) return { outcome: 'not-enrolled' }
      const distances = rows.map((row) => index.distanceSq(probe.vector, row))
      const distanceSq = Math.min(...distances)
      return distanceSq <= threshold
        ? { outcome: 'same', personId, distanceSq }
        : { outcome: 'different', distanceSq }
    },
  }
}
