import type { Frame, Image } from '../../frame/image.js'
import { shrinkImage } from '../../frame/resize.js'
import type { TrainedStyle } from '../trained-styles.js'
import type { Child, StartChild } from './child.js'
import type { Report } from './messages.js'

/** Paints live pictures for the display in a process of its own, as long as that is quick enough. */
export interface LivePainter {
  /** @returns JPEG of this frame, or of a moment ago; `undefined` when there is none in time */
  paint(frame: Frame): Promise<Uint8Array | undefined>
  /** Also ends the process. */
  stop(): void
}

export interface LivePainterParts {
  readonly startChild: StartChild
  readonly style: TrainedStyle
  readonly threads: number
  readonly executionProviders: readonly string[]
  readonly monotonicMs: () => number
  readonly onFault: (what: string, details: object) => void
  /** Longer side of the painted picture, 320 by default. */
  readonly sidePixels?: number
  /** Without anybody asking for so long the process ends, 30 000 by default. */
  readonly idleMs?: number
}

const SIDE_PIXELS = 320
const IDLE_MS = 30_000
/** A picture that takes longer is not waited for. */
const WAIT_MS = 400
/** So many late ones in a row are load. */
const MAX_LATE = 3
/** Under load nothing is painted for this long. */
const REST_MS = 5000
/** A painted picture older than this is no live picture. */
const FRESH_MS = 700

interface Painted {
  readonly jpeg: Uint8Array
  readonly sequence: number
  readonly atMs: number
}

/** The {@link LivePainter} of one style; its process starts when first asked. */
export function createLivePainter(parts: LivePainterParts): LivePainter {
  const { startChild, style, threads, executionProviders, monotonicMs, onFault } = parts
  const { sidePixels = SIDE_PIXELS, idleMs = IDLE_MS } = parts
  let child: Child | undefined
  let isOpen = false
  let last: Painted | undefined
  let waiting: { readonly promise: Promise<void>; readonly settle: () => void } | undefined
  let late = 0
  let restUntilMs = -Infinity
  let idle: NodeJS.Timeout | undefined

  function end(): void {
    const was = child
    child = undefined
    isOpen = false
    waiting?.settle()
    waiting = undefined
    clearTimeout(idle)
    was?.kill()
  }

  function rest(): void {
    restUntilMs = monotonicMs() + REST_MS
    late = 0
  }

  function onReport(report: Report): void {
    switch (report.type) {
      case 'stylizer-open':
        isOpen = true
        return
      case 'stylised':
        last = { jpeg: report.jpeg, sequence: report.sequence, atMs: monotonicMs() }
        waiting?.settle()
        waiting = undefined
        return
      case 'refused':
        onFault('the live picture cannot be painted', report.failure)
        rest()
        end()
        return
      case 'ready':
      case 'step':
      case 'painted':
      case 'drawn':
      case 'seen':
    }
  }

  function begin(): void {
    const started = startChild({
      onReport(report) {
        if (child === started) onReport(report)
      },
      onEnd({ how }) {
        if (child !== started) return
        onFault('the process that paints the live picture ended', { how })
        rest()
        end()
      },
    })
    child = started
    started.send({
      type: 'open-stylizer',
      id: style.manifest.id,
      file: style.file,
      bytes: style.manifest.bytes,
      sha256: style.manifest.sha256,
      threads,
      executionProviders: [...executionProviders],
    })
  }

  function order(image: Image, sequence: number): Promise<void> {
    let settle = (): void => undefined
    const promise = new Promise<void>((resolve) => {
      settle = resolve
    })
    waiting = { promise, settle }
    child?.send({ type: 'stylise', sequence, image })
    return promise
  }

  const freshJpeg = () =>
    last !== undefined && monotonicMs() - last.atMs < FRESH_MS ? last.jpeg : undefined

  return {
    async paint(frame) {
      clearTimeout(idle)
      idle = setTimeout(end, idleMs)
      idle.unref()
      if (last?.sequence === frame.sequence) return last.jpeg
      if (monotonicMs() < restUntilMs) return undefined
      if (child === undefined) begin()
      if (!isOpen) return undefined
      const done = waiting?.promise ?? order(shrinkImage(frame.image, sidePixels), frame.sequence)
      const inTime = await Promise.race([
        done.then(() => true),
        new Promise<boolean>((resolve) => setTimeout(() => resolve(false), WAIT_MS).unref()),
      ])
      late = inTime ? 0 : late + 1
      if (late >= MAX_LATE) rest()
      return freshJpeg()
    },
    stop: end,
  }
}
