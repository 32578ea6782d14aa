import { ApiProblem } from './api.js'
import type { Api } from './api.js'

/** Called with the event's name and its parsed data. */
export type OnEvent = (event: string, data: unknown) => void

/** The daemon gives a sign of life every ten seconds. */
const SILENCE_MS = 30_000
const SHORTEST_PAUSE_MS = 500
const LONGEST_PAUSE_MS = 10_000

/** Splits server-sent events out of a text that comes in pieces. */
export function createEventParser(onEvent: OnEvent): (text: string) => void {
  let rest = ''
  return (text) => {
    const blocks = (rest + text).split('\n\n')
    rest = blocks.pop() ?? ''
    for (const block of blocks) {
      let event = 'message'
      let data = ''
      for (const line of block.split('\n')) {
        if (line.startsWith('event: ')) event = line.slice(7)
        else if (line.startsWith('data: ')) data += line.slice(6)
      }
      if (data !== '') onEvent(event, JSON.parse(data))
    }
  }
}

/** Follows the stream once; ends when it ends or falls silent. */
async function followOnce(api: Api, onEvent: OnEvent, signal: AbortSignal): Promise<void> {
  const silence = new AbortController()
  let timer = 0
  const heard = () => {
    window.clearTimeout(timer)
    timer = window.setTimeout(() => silence.abort(), SILENCE_MS)
  }
  heard()
  try {
    const either = AbortSignal.any([signal, silence.signal])
    const response = await api.ask('/api/live/events', { signal: either })
    if (response.body === null) return
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader()
    const parse = createEventParser(onEvent)
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      heard()
      parse(value)
    }
  } finally {
    window.clearTimeout(timer)
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = window.setTimeout(resolve, ms)
    signal.addEventListener(
      'abort',
      () => {
        window.clearTimeout(timer)
        resolve()
      },
      { once: true },
    )
  })
}

/** True when asked for the first time only. */
function once(): () => boolean {
  let asked = false
  return () => {
    const first = !asked
    asked = true
    return first
  }
}

/**
 * Follows the live events and reconnects by itself, waiting longer after each failure.
 * Ends when aborted, or when the API no longer takes who asks.
 * @param onConnected called with true at the first event of every connection, with false when lost
 */
export async function followEvents(
  api: Api,
  onEvent: OnEvent,
  onConnected: (is: boolean) => void,
  signal: AbortSignal,
): Promise<void> {
  let pauseMs = SHORTEST_PAUSE_MS
  const ended = () => signal.aborted
  while (!ended()) {
    const isFirst = once()
    try {
      const deliver: OnEvent = (event, data) => {
        if (isFirst()) onConnected(true)
        pauseMs = SHORTEST_PAUSE_MS
        onEvent(event, data)
      }
      await followOnce(api, deliver, signal)
    } catch (error) {
      if (error instanceof ApiProblem && (error.status === 401 || error.status === 403)) return
    }
    if (ended()) return
    onConnected(false)
    await pause(pauseMs * (0.75 + Math.random() / 2), signal)
    pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)
  }
}
