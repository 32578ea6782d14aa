import { decodeImage, encodeSmaller } from '../../frame/decode.js'
import type { DecodeFault } from '../../frame/decode.js'

/** A picture as jobs keep it: no larger than it is used, and nothing but its pixels. */
export type TakenPicture =
  | { readonly ok: true; readonly bytes: Uint8Array }
  | { readonly ok: false; readonly fault: DecodeFault; readonly detail: string }

/** Takes a picture from outside: bounded, decoded once, without its file's place, time and maker. */
export async function takePicture(
  bytes: Uint8Array,
  sidePixels: number,
  format: 'jpeg' | 'png' = 'png',
): Promise<TakenPicture> {
  const decoded = await decodeImage(bytes)
  if (!decoded.ok) return { ok: false, fault: decoded.reason, detail: decoded.detail }
  return { ok: true, bytes: await encodeSmaller(decoded.image, sidePixels, format) }
}
