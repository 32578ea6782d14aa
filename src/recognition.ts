import type { Embedding } from './encoding/embedding.js'
import { createGallery } from './matching/gallery.js'
import type { Gallery, Identification } from './matching/gallery.js'
import type { Store } from './store/store.js'

/** The threshold in force for the present K. */
export interface ThresholdInForce {
  /** τ, squared L2. */
  readonly value: number
  readonly targetFpir: number
}

/** The gallery with the threshold for its present K. */
export interface Recognition {
  readonly gallery: Gallery
  /** `undefined` while no valid calibration covers this K: then nobody is recognised. */
  threshold(): ThresholdInForce | undefined
  /** Open-set 1:K search. */
  identify(probe: Embedding): Identification
}

export interface RecognitionOptions {
  readonly gallery: Gallery
  /** τ for K persons; `undefined` where the calibration can not say. */
  readonly thresholdFor: (persons: number) => ThresholdInForce | undefined
  /** Lead of the best person over the next, squared L2. */
  readonly margin: number
}

/** Searches the gallery at the threshold that its present K asks for. */
export function createRecognition(options: RecognitionOptions): Recognition {
  const { gallery, thresholdFor, margin } = options
  let known:
    { readonly persons: number; readonly inForce: ThresholdInForce | undefined } | undefined

  function threshold(): ThresholdInForce | undefined {
    const persons = Math.max(1, gallery.personCount)
    if (known?.persons !== persons) known = { persons, inForce: thresholdFor(persons) }
    return known.inForce
  }

  return {
    gallery,
    threshold,
    identify(probe) {
      const inForce = threshold()
      if (inForce === undefined) return { outcome: 'unknown', nearestDistanceSq: null }
      return gallery.identify(probe, { threshold: inForce.value, margin })
    },
  }
}

/** A gallery filled from the store, and how many templates had to stay out. */
export interface LoadedGallery {
  readonly gallery: Gallery
  /** Templates made by another encoder; they match nothing until they are encoded anew. */
  readonly otherModelTemplates: number
}

/** Loads every template of the encoder in use. */
export function loadGallery(store: Pick<Store, 'templates'>, modelId: string): LoadedGallery {
  const gallery = createGallery(modelId)
  let otherModelTemplates = 0
  for (const entry of store.templates.gallery()) {
    if (entry.embedding.modelId === modelId) gallery.add(entry)
    else otherModelTemplates++
  }
  return { gallery, otherModelTemplates }
}
