import type { Embedding } from './encoding/embedding.js'
import { createGallery } from './matching/gallery.js'
import type { Gallery, GalleryTemplate, Identification, Verification } from './matching/gallery.js'
import { createMistakes } from './matching/negatives.js'
import type { KnownMistake } from './matching/negatives.js'
import type { GallerySize, ThresholdAdvice } from './matching/threshold.js'
import type { Store } from './store/store.js'
import type { Opinion, SecondOpinion } from './second-opinion.js'
import type { ThresholdInForce, ThresholdSource } from './threshold-source.js'

/** Who somebody says they are. */
export interface Claim {
  readonly personId: string
  /** How many templates the person has; the more there are to resemble, the stricter τ. */
  readonly templates: number
}

/** How a 1:1 comparison ended; `no-threshold` while there is no valid calibration. */
export type ClaimVerdict =
  | (Verification & { readonly opinion?: Opinion })
  | { readonly outcome: 'no-threshold' }
  /** A second opinion is asked for that nobody can give: nothing is let through. */
  | { readonly outcome: 'no-opinion' }

/** The two thresholds of the moment, for showing. */
export interface ThresholdsInForce {
  /** Of 1:K, for the gallery as it is. */
  readonly identification: ThresholdInForce
  /** Of 1:1, for a person with one template. */
  readonly verification: ThresholdInForce
}

/** The gallery with the threshold for its present size. */
export interface Recognition {
  /** The gallery of the moment; {@link Recognition.reload} puts another in its place. */
  readonly gallery: Gallery
  /** Loads the gallery anew, because another process changed the store. */
  reload(): void
  /** Reads one person's templates anew, because what they are or where they may enter has changed. */
  refresh(personId: string): void
  /** Reads the mistakes anew that were pointed out. */
  reloadNegatives(): void
  /** `undefined` while there is no valid calibration: then nobody is recognised. */
  threshold(): ThresholdInForce | undefined
  /** Open-set 1:K search. */
  identify(probe: Embedding): Identification
  /** The nearest other person within the threshold: who already has this face. */
  nearestOther(probe: Embedding, personId: string): string | undefined
  /** τ of 1:1 for a person with so many templates; `undefined` as for {@link threshold}. */
  verificationThreshold(templates: number): ThresholdInForce | undefined
  /** Verification 1:1, at its own threshold. */
  verify(probe: Embedding, claim: Claim): ClaimVerdict
  /** Both thresholds with what they cost; `undefined` while there is no valid calibration. */
  thresholdAdvice(): ThresholdsInForce | undefined
  /** τ(K) with its cost for any number of persons with one template each; for the plots. */
  thresholdFor(persons: number): ThresholdInForce | undefined
  /** What a threshold, squared L2, would cost a gallery of a size; for the plots. */
  costOf(threshold: number, size: GallerySize): ThresholdAdvice | undefined
}

/** Searches the gallery at the threshold that its present size asks for. */
export function createRecognition(
  load: () => Gallery,
  source: ThresholdSource,
  loadMistakes: () => readonly KnownMistake[] = () => [],
  secondOpinion: SecondOpinion = { mode: 'off' },
  readPerson?: (personId: string) => readonly GalleryTemplate[],
): Recognition {
  let gallery = load()
  let mistakes = createMistakes(loadMistakes())
  const forTemplates = new Map<number, ThresholdInForce>()
  let known: { readonly key: string; readonly inForce: ThresholdInForce } | undefined

  function threshold(): ThresholdInForce | undefined {
    if (source.kind === 'unusable') return undefined
    const { personCount: persons, templateCount: templates } = gallery
    const size = `${persons}/${templates}`
    const key = `${size}/${source.targetFpir()}`
    if (known?.key !== key) {
      known = { key, inForce: source.forGallery({ persons, templates }) }
    }
    return known.inForce
  }

  function verificationThreshold(templates: number): ThresholdInForce | undefined {
    if (source.kind === 'unusable') return undefined
    const targetFpir = source.targetFpir()
    const remembered = forTemplates.get(templates)
    if (remembered?.targetFpir === targetFpir) return remembered
    const inForce = source.forVerification(templates)
    forTemplates.set(templates, inForce)
    return inForce
  }

  return {
    get gallery() {
      return gallery
    },
    reload() {
      gallery = load()
      mistakes = createMistakes(loadMistakes())
      known = undefined
    },
    refresh(personId) {
      if (readPerson === undefined) return
      const templates = readPerson(personId)
      gallery.removePerson(personId)
      for (const template of templates) gallery.add(template)
    },
    reloadNegatives() {
      mistakes = createMistakes(loadMistakes())
    },
    threshold,
    identify(probe) {
      const inForce = threshold()
      if (inForce === undefined) return { outcome: 'unknown', nearestDistanceSq: null }
      const { value, margin } = inForce
      const found = gallery.identify(probe, { threshold: value, margin })
      return mistakes.check(probe, found, margin, () => gallery.search(probe, 2))
    },
    nearestOther(probe, personId) {
      const inForce = threshold()
      if (inForce === undefined) return undefined
      const other = gallery.search(probe, 2).find((person) => person.personId !== personId)
      return other !== undefined && other.distanceSq <= inForce.value ? other.personId : undefined
    },
    verificationThreshold,
    verify(probe, { personId, templates }) {
      if (templates === 0) return { outcome: 'not-enrolled' }
      const inForce = verificationThreshold(templates)
      if (inForce === undefined) return { outcome: 'no-threshold' }
      const verdict = gallery.verify(probe, personId, inForce.value)
      return withOpinion(verdict, probe, gallery, secondOpinion)
    },
    thresholdFor(persons) {
      return source.kind === 'ready' ? source.forGallery({ persons }) : undefined
    },
    costOf: (threshold, size) =>
      source.kind === 'ready' ? source.costOf?.(threshold, size) : undefined,
    thresholdAdvice() {
      const identification = threshold()
      const verification = verificationThreshold(1)
      return identification && verification && { identification, verification }
    },
  }
}

/** A gallery filled from the store, and how many templates had to stay out. */
export interface LoadedGallery {
  readonly gallery: Gallery
  /** Templates that the encoder has not seen; they match nothing until it does. */
  readonly otherModelTemplates: number
}

/**
 * Loads every template of the encoder in use.
 * @param current makes of a stored embedding what a learnt head compares, see `learnt-encoder.ts`
 * @param gallery an empty one, to be filled
 */
export function loadGallery(
  store: Pick<Store, 'templates'>,
  modelId: string,
  current: (stored: Embedding) => Embedding = (stored) => stored,
  gallery: Gallery = createGallery(modelId),
): LoadedGallery {
  const all = new Set<string>()
  const known = new Set<string>()
  for (const entry of store.templates.gallery()) {
    const embedding = current(entry.embedding)
    all.add(entry.templateId)
    if (embedding.modelId !== modelId) continue
    gallery.add({ ...entry, embedding })
    known.add(entry.templateId)
  }
  return { gallery, otherModelTemplates: all.size - known.size }
}

/** The mistakes that were pointed out, as the encoder in use compares them. */
export function listNegatives(
  store: Pick<Store, 'negatives'>,
  current: (stored: Embedding) => Embedding,
): KnownMistake[] {
  return store.negatives
    .list()
    .map((known) => ({ ...known, embedding: known.embedding && current(known.embedding) }))
}

/** Only ever turns `same` into something less. */
function withOpinion(
  verdict: Verification,
  probe: Embedding,
  gallery: Gallery,
  second: SecondOpinion,
): ClaimVerdict {
  if (verdict.outcome !== 'same' || second.mode === 'off') return verdict
  if (second.mode === 'missing') return { outcome: 'no-opinion' }
  const opinion = second.judge(probe.vector, gallery.vectorsOf(verdict.personId))
  if (opinion.agrees || second.mode === 'advise') return { ...verdict, opinion }
  return { outcome: 'different', distanceSq: verdict.distanceSq, opinion }
}
