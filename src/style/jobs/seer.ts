import { createHash } from 'node:crypto'

import type { Child, StartChild } from './child.js'

/** A net whose units can be looked at. */
export interface SeeNetwork {
  readonly id: string
  readonly layers: readonly { readonly name: string; readonly units: number }[]
  /** Whether it is shown aligned faces rather than whole pictures. */
  readonly ofFaces: boolean
}

export interface SeeUnit {
  readonly network: string
  readonly layer: string
  readonly unit: number
}

export type Seen =
  | { readonly outcome: 'seen'; readonly png: Uint8Array }
  | { readonly outcome: 'refused'; readonly cause: string; readonly cure: string }
  /** Another look is under way, or this one is not done yet: asked again, it may be. */
  | { readonly outcome: 'busy' }

/** Looks for what excites a unit, in a process of its own, one look at a time. */
export interface Seer {
  networks(): Promise<readonly SeeNetwork[]>
  /** @param pictures encoded and bounded already; none for those of the library */
  see(unit: SeeUnit, pictures: readonly Uint8Array[]): Promise<Seen>
  stop(): void
}

export interface SeerParts {
  readonly startChild: StartChild
  readonly networks: () => Promise<readonly SeeNetwork[]>
  readonly threads: number
  readonly onFault: (what: string, details: object) => void
  /** Longest wait of who asks; the look itself goes on. */
  readonly waitMs?: number
}

const WAIT_MS = 12_000
const KEPT_SHEETS = 16

function keyOf(unit: SeeUnit, pictures: readonly Uint8Array[]): string {
  const hash = createHash('sha256').update(JSON.stringify(unit))
  for (const picture of pictures) hash.update(picture)
  return hash.digest('hex')
}

/** The {@link Seer} over nets that can be listed. */
export function createSeer(parts: SeerParts): Seer {
  const { startChild, threads, onFault, waitMs = WAIT_MS } = parts
  const kept = new Map<string, Seen>()
  let known: Promise<readonly SeeNetwork[]> | undefined
  let current:
    { readonly key: string; readonly child: Child; readonly promise: Promise<Seen> } | undefined
  let giveUp = (): void => undefined

  function look(key: string, unit: SeeUnit, pictures: readonly Uint8Array[]): Promise<Seen> {
    let settle: (seen: Seen) => void = () => undefined
    const promise = new Promise<Seen>((resolve) => {
      settle = (seen) => {
        if (current?.promise !== promise) return
        current = undefined
        child.kill()
        if (seen.outcome === 'seen') kept.set(key, seen)
        const oldest = [...kept.keys()].at(0)
        if (kept.size > KEPT_SHEETS && oldest !== undefined) kept.delete(oldest)
        resolve(seen)
      }
    })
    const child = startChild({
      onReport(report) {
        if (report.type === 'seen') settle({ outcome: 'seen', png: report.png })
        if (report.type === 'refused') settle({ outcome: 'refused', ...report.failure })
      },
      onEnd({ how }) {
        if (current?.child !== child) return
        onFault('the process that looks into a net ended', { how })
        settle({ outcome: 'busy' })
      },
    })
    current = { key, child, promise }
    giveUp = () => settle({ outcome: 'busy' })
    child.send({ type: 'see', ...unit, pictures: [...pictures], threads })
    return promise
  }

  return {
    networks() {
      known ??= parts.networks()
      known.catch(() => (known = undefined))
      return known
    },
    async see(unit, pictures) {
      const key = keyOf(unit, pictures)
      const done = kept.get(key)
      if (done !== undefined) return done
      if (current !== undefined && current.key !== key) return { outcome: 'busy' }
      const promise = current?.promise ?? look(key, unit, pictures)
      return Promise.race([
        promise,
        new Promise<Seen>((resolve) => {
          setTimeout(() => resolve({ outcome: 'busy' }), waitMs).unref()
        }),
      ])
    },
    stop: () => giveUp(),
  }
}
