import { batch, signal } from '@preact/signals'

import type { z } from '@hono/zod-openapi'
import type { Decision } from '../../decision/decision.js'
import type { LiveFace } from '../ports/live.js'
import type { healthSchema } from '../schemas.js'
import type { Api } from './api.js'
import { followEvents } from './event-stream.js'

export type Health = z.infer<typeof healthSchema>

/** The faces of one frame, in the frame's own pixels. */
export interface SeenFaces {
  readonly frame: { readonly width: number; readonly height: number }
  readonly faces: readonly LiveFace[]
  /** Of this page's monotonic clock. */
  readonly atMs: number
}

/** What the person at the door is asked to do. */
export interface Prompt {
  readonly code: string
  readonly text: string
}

/** A task of several steps, to be done in this order and in time. */
export interface Challenge {
  readonly nonce: string
  readonly steps: readonly string[]
  /** Index of the step that is asked now. */
  readonly at: number
  readonly remainingMs: number
}

/** One cue's word on one frame. */
export interface CueScore {
  readonly verdict: string
  readonly score: number | null
}

/** The cues at one moment of this page's monotonic clock. */
export interface CueSample {
  readonly atMs: number
  readonly cues: Readonly<Record<string, CueScore>>
}

const KEPT_DECISIONS = 60
const KEPT_CUES_MS = 60_000

/** The door as the event stream tells of it. */
export function createDoorView() {
  const connected = signal<boolean | undefined>(undefined)
  const health = signal<Health | undefined>(undefined)
  const seen = signal<SeenFaces | undefined>(undefined)
  const prompt = signal<Prompt | null>(null)
  const challenge = signal<(Challenge & { readonly atMs: number }) | null>(null)
  const latest = signal<{ readonly decision: Decision; readonly atMs: number } | undefined>(
    undefined,
  )
  /** Newest first, since this page was opened. */
  const decisions = signal<readonly Decision[]>([])
  const cues = signal<readonly CueSample[]>([])

  function onEvent(event: string, data: unknown): void {
    const atMs = performance.now()
    switch (event) {
      case 'health':
        health.value = data as Health
        break
      case 'faces':
        seen.value = { ...(data as Omit<SeenFaces, 'atMs'>), atMs }
        break
      case 'prompt':
        prompt.value = data as Prompt | null
        break
      case 'challenge':
        challenge.value = data === null ? null : { ...(data as Challenge), atMs }
        break
      case 'decision': {
        const decision = data as Decision
        batch(() => {
          latest.value = { decision, atMs }
          decisions.value = [decision, ...decisions.value].slice(0, KEPT_DECISIONS)
        })
        break
      }
      case 'cues': {
        const sample = { atMs, cues: data as CueSample['cues'] }
        cues.value = [...cues.value, sample].filter((kept) => atMs - kept.atMs < KEPT_CUES_MS)
      }
    }
  }

  function onConnected(is: boolean): void {
    batch(() => {
      connected.value = is
      if (is) return
      // What is old must not pass for the door as it is now.
      seen.value = undefined
      prompt.value = null
      challenge.value = null
      latest.value = undefined
    })
  }

  return {
    connected,
    health,
    seen,
    prompt,
    challenge,
    latest,
    decisions,
    cues,
    follow: (api: Api, signal_: AbortSignal) => followEvents(api, onEvent, onConnected, signal_),
  }
}

export type DoorView = ReturnType<typeof createDoorView>
