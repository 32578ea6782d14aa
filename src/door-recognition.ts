import type { Logger } from 'pino'
import type { AdmittedGroups } from './admitted-groups.js'
import { createTemplateAgeing } from './age-templates.js'
import type { TemplateAgeing } from './age-templates.js'
import type { Config } from './config/schema.js'
import { mayUseDoor } from './decision/policy.js'
import type { Embedding } from './encoding/embedding.js'
import type { LineParts } from './line.js'
import { createDoorGallery } from './matching/door-gallery.js'
import type { RecentProbes } from './recent-probes.js'
import { createRecognition, listNegatives, loadGallery } from './recognition.js'
import type { Recognition } from './recognition.js'
import { openSecondOpinion } from './second-opinion.js'
import type { Stages } from './stages.js'
import type { Store } from './store/store.js'
import { createThresholdSource } from './threshold-source.js'

export interface DoorRecognitionParts {
  readonly config: Config
  readonly store: Store
  readonly encoder: Stages['nets']['encoder']
  /** As embeddings name it. */
  readonly modelId: string
  /** Makes of a stored embedding what that encoder compares. */
  readonly current: (stored: Embedding) => Embedding
  readonly targetFpir: () => number
  readonly groups: AdmittedGroups
  readonly recentProbes: RecentProbes
  readonly log: Logger
}

/** Recognition among the persons whom this door admits, and what learns from it. */
export interface DoorRecognition {
  readonly recognition: Recognition
  readonly ageing: TemplateAgeing
  /** The line's search; who is found is remembered for ageing and for the desk. */
  readonly identify: LineParts['identify']
}

/**
 * Joins gallery, threshold, second opinion and ageing.
 * @throws StoreError, ModelError
 */
export function openDoorRecognition(parts: DoorRecognitionParts): DoorRecognition {
  const { config, store, encoder, modelId, current, groups, recentProbes, log } = parts
  /** As they were when the gallery was loaded. */
  let admitted: readonly string[] | null = null

  /** Whether this door may admit a person at all. */
  function admits(personId: string): boolean {
    if (admitted === null) return true
    const person = store.persons.get(personId)
    return person !== undefined && mayUseDoor(person, admitted)
  }

  const recognition = createRecognition(
    () => {
      admitted = groups()
      const { gallery, otherModelTemplates } = loadGallery(
        store,
        modelId,
        current,
        createDoorGallery(modelId, admits),
      )
      if (otherModelTemplates > 0) {
        const advice = 'templates of another encoder match nobody; enrol those persons anew'
        log.warn({ templates: otherModelTemplates }, advice)
      }
      return gallery
    },
    createThresholdSource(config.matching, encoder, parts.targetFpir),
    () => listNegatives(store, current),
    openSecondOpinion(config.matching, store, { id: modelId, sha256: encoder.sha256 }),
    (personId) =>
      store.templates
        .galleryOf(personId)
        .map((entry) => ({ ...entry, embedding: current(entry.embedding) }))
        .filter(({ embedding }) => embedding.modelId === modelId),
  )
  const { ageing: mode, ageingDays: everyDays, ageingTemplates: maxPerPerson } = config.learning
  const ageing = createTemplateAgeing({
    store,
    recognition,
    current,
    nowMs: Date.now,
    rules: { mode, everyDays, maxPerPerson },
  })
  return {
    recognition,
    ageing,
    identify(probe, face) {
      const found = recognition.identify(probe)
      if (found.outcome === 'match') {
        const { personId, distanceSq, runnerUpDistanceSq } = found
        recentProbes.saw(personId, probe)
        const leadSq = runnerUpDistanceSq === null ? null : runnerUpDistanceSq - distanceSq
        ageing.saw({ personId, probe, leadSq, ...face })
      }
      return found
    },
  }
}
