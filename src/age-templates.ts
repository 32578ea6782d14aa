import type { Embedding } from './encoding/embedding.js'
import { encodePng } from './frame/decode.js'
import type { Image } from './frame/image.js'
import { judgeForAgeing, type AgeingRules, type AgeingVerdict } from './learning/ageing.js'
import type { Recognition } from './recognition.js'
import type { Store } from './store/store.js'

export interface AgeingParts {
  readonly store: Pick<Store, 'templates' | 'templateCandidates'>
  readonly recognition: Recognition
  readonly rules: AgeingRules
  /** Makes of a stored embedding what the encoder in use compares. */
  readonly current: (stored: Embedding) => Embedding
  readonly nowMs: () => number
}

/** The face that was last taken for somebody. */
export interface SeenFace {
  readonly personId: string
  readonly probe: Embedding
  readonly aligned: Image
  readonly quality: number
  readonly leadSq: number | null
}

/** Lets the gallery age with its people; opt-in. */
export interface TemplateAgeing {
  /** Told of each probe that was taken for a person. */
  saw(face: SeenFace): void
  /** Told of a grant: proposes or adds the picture behind it, if the rules want it. */
  granted(decisionId: string, personId: string): Promise<AgeingVerdict | undefined>
}

const DAY_MS = 24 * 3_600_000

/** Joins the rules, store and gallery. */
export function createTemplateAgeing(parts: AgeingParts): TemplateAgeing {
  const { store, recognition, rules, current, nowMs } = parts
  let last: SeenFace | undefined
  return {
    saw(face) {
      if (rules.mode !== 'off') last = face
    },
    async granted(decisionId, personId) {
      const face = last
      last = undefined
      if (rules.mode === 'off' || face?.personId !== personId) return undefined
      const threshold = recognition.threshold()?.value
      if (threshold === undefined) return undefined
      const known = store.templates
        .byPerson(personId)
        .map((template) => ({ ...template, embedding: current(template.embedding) }))
      const verdict = judgeForAgeing(face, known, threshold, rules, nowMs())
      if (verdict.outcome !== 'wanted') return verdict
      const waiting = store.templateCandidates.newestOf(personId)
      if (waiting !== undefined && nowMs() - waiting < rules.everyDays * DAY_MS) {
        return { outcome: 'passed-over', why: 'one waits for review' }
      }
      const { probe: embedding, quality } = face
      const cropPng = await encodePng(face.aligned)
      if (rules.mode === 'review') {
        const { distanceSq } = verdict
        store.templateCandidates.add(
          { personId, embedding, quality, distanceSq, decisionId, cropPng },
          'system',
        )
      } else {
        const template = store.templates.add(
          { personId, embedding, quality, source: 'grant', cropPng },
          'system',
        )
        recognition.gallery.add({ templateId: template.id, personId, embedding })
      }
      return verdict
    },
  }
}
