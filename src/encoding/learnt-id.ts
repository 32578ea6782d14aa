/** With the mark an id stays within the 64 characters that a manifest's may have. */
const BASE_CHARACTERS = 53

/** Id of an encoder with a head that was learnt on site. @param mark what tells one head from another */
export const learntIdOf = (base: string, mark: string): string =>
  `${base.slice(0, BASE_CHARACTERS)}-h${mark}`

/** Whether an encoder is `base`, or `base` with a head that was learnt on site. */
export const isOrIsLearntFrom = (encoder: string, base: string): boolean =>
  encoder === base || encoder.startsWith(learntIdOf(base, ''))
