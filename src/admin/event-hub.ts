import type { Health } from './ports/health.js'
import type { LiveEvent, LivePort } from './ports/live.js'
import type { KioskSettings } from './ports/settings.js'
import { presentHealth } from './schemas.js'

/** A viewer whose unsent bytes pass this is too slow to be served. */
const MAX_UNSENT_BYTES = 128 * 1024

/** Spreads live events over the connected viewers as server-sent events. */
export interface EventHub {
  /**
   * Connects a viewer.
   *
   * @param viewer.isDisplay names are told as the display's settings say: who takes its token learns
   *   no more than who stands at the door
   * @param viewer.signal ends the stream when aborted
   * @param viewer.disconnect cuts the viewer's connection, when it is too slow
   * @returns the stream's bytes, or `undefined` when there are too many viewers
   */
  connect(viewer: {
    readonly isDisplay: boolean
    readonly signal?: AbortSignal | undefined
    readonly disconnect?: (() => void) | undefined
  }): ReadableStream<Uint8Array> | undefined
}

/** How much of a name the display at the door shows. */
function nameFor(setting: KioskSettings['nameOnKiosk'], name: string): string {
  if (setting === 'full') return name
  return setting === 'masked' ? `${/^./u.exec(name)?.[0] ?? ''}…` : '…'
}

interface Viewer {
  readonly isDisplay: boolean
  readonly controller: ReadableStreamDefaultController<Uint8Array>
  readonly disconnect: (() => void) | undefined
}

/**
 * Subscribes to the live port only while somebody looks.
 * A viewer that can't keep up first misses face boxes, then is disconnected.
 */
export function createEventHub(options: {
  readonly live: LivePort
  readonly health: () => Health
  readonly kiosk: () => Pick<KioskSettings, 'nameOnKiosk'>
  readonly maxViewers: number
  readonly heartbeatMs: number
  readonly onFault: (error: unknown) => void
}): EventHub {
  const { live, health, kiosk, maxViewers, heartbeatMs, onFault } = options
  const encoder = new TextEncoder()
  const viewers = new Set<Viewer>()
  let unsubscribe: (() => void) | undefined
  let heartbeat: NodeJS.Timeout | undefined
  let watched: AbortSignal | undefined

  const message = (event: string, data: unknown) =>
    encoder.encode(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`)

  /** @param forDisplay what the display is told instead */
  function broadcast(event: string, data: unknown, lossy: boolean, forDisplay = data) {
    const all = message(event, data)
    const masked = forDisplay === data ? all : message(event, forDisplay)
    for (const viewer of [...viewers]) {
      const bytes = viewer.isDisplay ? masked : all
      if ((viewer.controller.desiredSize ?? 0) > 0) viewer.controller.enqueue(bytes)
      else if (!lossy) drop(viewer)
    }
  }

  function send(event: LiveEvent) {
    switch (event.type) {
      case 'decision': {
        const { decision } = event
        const { nameOnKiosk } = kiosk()
        const masked =
          decision.outcome === 'granted'
            ? {
                ...decision,
                person: { ...decision.person, name: nameFor(nameOnKiosk, decision.person.name) },
              }
            : decision
        broadcast('decision', decision, false, masked)
        break
      }
      case 'faces': {
        const { sequence, frame, faces } = event
        const masked = faces.map((face) => ({ ...face, name: null }))
        broadcast('faces', { sequence, frame, faces }, true, { sequence, frame, faces: masked })
        break
      }
      case 'prompt':
        broadcast('prompt', event.prompt, false)
        break
      case 'cues':
        broadcast('cues', event.cues, true)
        break
      case 'challenge':
        broadcast('challenge', event.challenge, false)
        break
      case 'system':
        broadcast('health', presentHealth(health()), false)
    }
  }

  /** A fault here must not reach the line that tells of the event. */
  function deliver(event: LiveEvent) {
    try {
      send(event)
    } catch (error) {
      onFault(error)
    }
  }

  function forget(viewer: Viewer) {
    viewers.delete(viewer)
    if (viewers.size > 0) return
    unsubscribe?.()
    unsubscribe = undefined
    clearInterval(heartbeat)
  }

  function drop(viewer: Viewer) {
    forget(viewer)
    if (viewer.disconnect === undefined) viewer.controller.error(new Error('viewer too slow'))
    else viewer.disconnect()
  }

  function begin() {
    unsubscribe = live.subscribe(deliver)
    heartbeat = setInterval(() => deliver({ type: 'system' }), heartbeatMs)
    heartbeat.unref()
  }

  function closeAll() {
    for (const viewer of [...viewers]) {
      forget(viewer)
      viewer.controller.close()
    }
  }

  return {
    connect({ isDisplay, signal, disconnect }) {
      if (viewers.size >= maxViewers || signal?.aborted === true) return undefined
      if (signal !== undefined && signal !== watched) {
        watched = signal
        signal.addEventListener('abort', closeAll, { once: true })
      }
      const first = message('health', presentHealth(health()))
      let viewer: Viewer | undefined
      return new ReadableStream<Uint8Array>(
        {
          start(controller) {
            viewer = { isDisplay, controller, disconnect }
            if (viewers.size === 0) begin()
            viewers.add(viewer)
            controller.enqueue(first)
          },
          cancel() {
            if (viewer !== undefined) forget(viewer)
          },
        },
        new ByteLengthQueuingStrategy({ highWaterMark: MAX_UNSENT_BYTES }),
      )
    },
  }
}
