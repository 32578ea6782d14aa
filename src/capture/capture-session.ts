import type { Image } from '../frame/image.js'

/** Where a running capture puts its pictures. */
export interface FrameSink {
  /** Memory for the next picture; its old content is undefined. */
  memory(byteCount: number): Uint8Array
  /** Hands a complete picture over; its memory is not the session's any more. */
  put(image: Image): void
}

/** A fault of a camera, for people: what is wrong and what to do. Holds no credentials. */
export interface CaptureFault {
  readonly kind: 'fault'
  readonly cause: string
  readonly cure: string
}

/** How a capture session came to its end. */
export type CaptureEnd = { readonly kind: 'ended' } | { readonly kind: 'stopped' } | CaptureFault

/**
 * One life of an opened source, from opening to its end. Puts pictures until the source ends
 * (`ended`), fails (`fault`) or the signal is aborted (`stopped`), and by then has freed all it held.
 */
export type CaptureSession = (sink: FrameSink, signal: AbortSignal) => Promise<CaptureEnd>

export function captureFault(cause: string, cure: string): CaptureFault {
  return { kind: 'fault', cause, cure }
}
