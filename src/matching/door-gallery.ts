import { createGallery } from './gallery.js'
import type { Gallery } from './gallery.js'

/**
 * A gallery in which a door knows everybody and recognises those whom it may admit: identification, and
 * with it K, is of the admitted alone; search and 1:1 comparison are of everybody, so that somebody who is
 * enrolled for another door is still found to be enrolled.
 * @param admits whether a person may use this door; asked when the first template of the person is added
 */
export function createDoorGallery(modelId: string, admits: (personId: string) => boolean): Gallery {
  const admitted = createGallery(modelId)
  const others = createGallery(modelId)

  /** All templates of a person are on one side. */
  function sideOf(personId: string): Gallery {
    if (admitted.hasPerson(personId)) return admitted
    if (others.hasPerson(personId)) return others
    return admits(personId) ? admitted : others
  }

  return {
    modelId,
    get personCount() {
      return admitted.personCount
    },
    get templateCount() {
      return admitted.templateCount
    },
    add: (template) => sideOf(template.personId).add(template),
    remove: (templateId) => admitted.remove(templateId) || others.remove(templateId),
    removePerson: (personId) => admitted.removePerson(personId) + others.removePerson(personId),
    vectorsOf: (personId) => [...admitted.vectorsOf(personId), ...others.vectorsOf(personId)],
    hasPerson: (personId) => admitted.hasPerson(personId) || others.hasPerson(personId),
    search: (probe, k) =>
      [...admitted.search(probe, k), ...others.search(probe, k)]
        .sort((a, b) => a.distanceSq - b.distanceSq)
        .slice(0, k),
    identify: (probe, options) => admitted.identify(probe, options),
    verify: (probe, personId, threshold) =>
      (others.hasPerson(personId) ? others : admitted).verify(probe, personId, threshold),
  }
}
