import { ellipsePixels, type Region } from './registration.js'

const EYE_INSIDE = ellipsePixels({ radiusX: 11, radiusY: 6 })
/** Brow, lid fold, nose bridge and upper cheek: they show how the surface moved, not the lid. */
const EYE_AROUND = ellipsePixels({
  radiusX: 22,
  radiusY: 18,
  shiftY: -4,
  hole: { radiusX: 11.5, radiusY: 6.5 },
  step: 2,
})

/** The eye on the left of the view (the subject's right), in view pixels. */
export const LEFT_EYE: Region = {
  centreX: 42,
  centreY: 50,
  around: EYE_AROUND,
  inside: EYE_INSIDE,
}

/** The eye on the right of the view. */
export const RIGHT_EYE: Region = { ...LEFT_EYE, centreX: 86 }

/**
 * Lips and chin, which speech moves, against nose, cheeks and lip corners' surroundings, which it
 * hardly moves.
 */
export const MOUTH: Region = {
  centreX: 64,
  centreY: 88,
  inside: ellipsePixels({ radiusX: 18, radiusY: 16, shiftY: 6 }),
  around: ellipsePixels({
    radiusX: 36,
    radiusY: 36,
    shiftY: -6,
    hole: { radiusX: 19, radiusY: 11 },
    step: 3,
    lowest: 2,
  }),
}
