import type { FaceRejection } from './admin/ports/faces.js'
import type { PictureFault } from './encoding/read-picture.js'
import type { DecodeFault } from './frame/decode.js'

const REJECTIONS = {
  empty: 'not-an-image',
  'not-an-image': 'not-an-image',
  'unsupported-format': 'not-an-image',
  truncated: 'broken-image',
  damaged: 'broken-image',
  'too-large': 'too-large',
  'no-face': 'no-face',
  'two-faces': 'two-faces',
  'too-small': 'too-small',
  'cut-off': 'too-small',
  turned: 'turned',
  tilted: 'turned',
  blurred: 'blurred',
  'too-dark': 'too-dark',
  'too-bright': 'too-bright',
  'flat-light': 'too-dark',
  'looks-like-a-photo': 'looks-like-a-photo',
} as const satisfies Record<PictureFault | DecodeFault | 'looks-like-a-photo', FaceRejection>

/** The API's word for a fault of a picture. */
export function toFaceRejection(fault: keyof typeof REJECTIONS): FaceRejection {
  return REJECTIONS[fault]
}
