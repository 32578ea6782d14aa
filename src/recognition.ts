import type { Embedding } from './encoding/embedding.js'
import { createGallery } from './matching/gallery.js'
import type { Gallery, Identification } from './matching/gallery.js'
import type { Store } from './store/store.js'
import type { ThresholdInForce, ThresholdSource } from './threshold-source.js'

/** The gallery with the threshold for its present size. */
export interface Recognition {
  /** The gallery of the moment; {@link Recognition.reload} puts another in its place. */
  readonly gallery: Gallery
  /** Loads the gallery anew, because another process changed the store. */
  reload(): void
  /** `undefined` while there is no valid calibration: then nobody is recognised. */
  threshold(): ThresholdInForce | undefined
  /** Open-set 1:K search. */
  identify(probe: Embedding): Identification
}

/** Searches the gallery at the threshold that its present size asks for. */
export function createRecognition(load: () => Gallery, source: ThresholdSource): Recognition {
  let gallery = load()
  let known: { readonly size: string; readonly inForce: ThresholdInForce } | undefined

  function threshold(): ThresholdInForce | undefined {
    if (source.kind === 'unusable') return undefined
    const { personCount: persons, templateCount: templates } = gallery
    const size = `${persons}/${templates}`
    if (known?.size !== size) {
      known = { size, inForce: source.forGallery({ persons, templates }) }
    }
    return known.inForce
  }

  return {
    get gallery() {
      return gallery
    },
    reload() {
      gallery = load()
      known = undefined
    },
    threshold,
    identify(probe) {
      const inForce = threshold()
      if (inForce === undefined) return { outcome: 'unknown', nearestDistanceSq: null }
      return gallery.identify(probe, { threshold: inForce.value, margin: inForce.margin })
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
