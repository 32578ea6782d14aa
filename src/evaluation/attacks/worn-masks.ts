import { createRandom } from '../../liveness/random.js'
import type { Image } from '../../frame/image.js'
import { printPicture } from './media.js'
import { overlayFace, type FacePicture, type OverlayOptions } from './overlay.js'

/** Masks by how they are cut; all are drawn, none was worn. */
export const MASK_SPECIES = {
  'eyes cut out': { reach: 1.2, feather: 0, holes: ['eyes'] },
  'eyes and mouth cut out': { reach: 1.2, feather: 0, holes: ['eyes', 'mouth'] },
  'tight holes': { reach: 1.2, feather: 0, holes: ['eyes', 'mouth'], holeScale: 0.8 },
  'wide holes': { reach: 1.2, feather: 0, holes: ['eyes', 'mouth'], holeScale: 1.4 },
  'soft outline': { reach: 1.3, feather: 0.25, holes: ['eyes', 'mouth'] },
  'half-tone print': { reach: 1.2, feather: 0, holes: ['eyes', 'mouth'] },
} as const satisfies Readonly<Record<string, OverlayOptions>>

export type MaskSpecies = keyof typeof MASK_SPECIES

export const MASK_SPECIES_NAMES = Object.keys(MASK_SPECIES) as MaskSpecies[]

/** The face of one photograph worn over that of another. */
export function wearMask(
  wearer: FacePicture,
  shown: FacePicture,
  species: MaskSpecies,
  seed: number,
): Image {
  const picture =
    species === 'half-tone print'
      ? printPicture(shown.picture, createRandom(seed)).at(0)
      : shown.picture
  return overlayFace(wearer.picture, wearer.face, { ...shown, picture }, MASK_SPECIES[species])
}
