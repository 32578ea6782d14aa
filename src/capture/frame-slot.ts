import type { Frame } from '../frame/image.js'

/**
 * Hands frames from a camera to a reader, keeping only the newest: a slow reader skips frames,
 * memory never grows.
 */
export interface FrameSlot {
  /** Offers a frame. Returns the older one it displaced unread, whose pixels may be reused. */
  put(frame: Frame): Frame | undefined
  /** Forgets a frame nobody has read; used when its camera has just failed. */
  clear(): void
  /** The waiting frame, or the next one; `undefined` once aborted or closed. */
  next(signal: AbortSignal): Promise<Frame | undefined>
  /** Ends every wait; later frames are ignored. */
  close(): void
}

export function createFrameSlot(): FrameSlot {
  let newest: Frame | undefined
  let closed = false
  const waiting = new Set<(frame: Frame | undefined) => void>()

  return {
    put(frame) {
      if (closed) {
        return frame
      }
      const first = waiting.values().next().value
      if (first) {
        waiting.delete(first)
        first(frame)
        return undefined
      }
      const displaced = newest
      newest = frame
      return displaced
    },
    clear() {
      newest = undefined
    },
    next(signal) {
      if (closed || signal.aborted) {
        return Promise.resolve(undefined)
      }
      if (newest) {
        const frame = newest
        newest = undefined
        return Promise.resolve(frame)
      }
      return new Promise((resolve) => {
        const settle = (frame: Frame | undefined): void => {
          signal.removeEventListener('abort', giveUp)
          resolve(frame)
        }
        const giveUp = (): void => {
          waiting.delete(settle)
          settle(undefined)
        }
        signal.addEventListener('abort', giveUp, { once: true })
        waiting.add(settle)
      })
    },
    close() {
      closed = true
      newest = undefined
      for (const settle of waiting) {
        settle(undefined)
      }
      waiting.clear()
    },
  }
}
