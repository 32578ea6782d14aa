import type { Embedding } from './encoding/embedding.js'

const KEPT = 64
const KEPT_MS = 30 * 60_000

/**
 * The embeddings behind the newest grants, for half an hour and in memory only: what "not this person"
 * learns from. Never written anywhere unless somebody says that a grant was wrong.
 */
export interface RecentProbes {
  /** Told of each probe that was taken for a person. */
  saw(personId: string, probe: Embedding): void
  /** Told of a grant: keeps the probe that led to it. */
  granted(decisionId: string, personId: string): void
  /** The probe of a grant, once. */
  take(decisionId: string): Embedding | undefined
  forgetAll(): void
}

/** @param nowMs monotonic */
export function createRecentProbes(nowMs: () => number): RecentProbes {
  const kept = new Map<string, { readonly probe: Embedding; readonly atMs: number }>()
  let last: { readonly personId: string; readonly probe: Embedding } | undefined

  function forget(id: string): void {
    const probe = kept.get(id)?.probe
    probe?.vector.fill(0)
    probe?.origin?.vector.fill(0)
    kept.delete(id)
  }

  function forgetOld(): void {
    const oldest = nowMs() - KEPT_MS
    for (const [id, { atMs }] of kept) if (atMs < oldest) forget(id)
    const first = kept.keys().next()
    if (kept.size > KEPT && !first.done) forget(first.value)
  }

  return {
    saw(personId, probe) {
      last = { personId, probe }
    },
    granted(decisionId, personId) {
      if (last?.personId !== personId) return
      kept.set(decisionId, { probe: copyOf(last.probe), atMs: nowMs() })
      last = undefined
      forgetOld()
    },
    take(decisionId) {
      forgetOld()
      const found = kept.get(decisionId)?.probe
      kept.delete(decisionId)
      return found
    },
    forgetAll() {
      for (const id of [...kept.keys()]) forget(id)
      last = undefined
    },
  }
}

function copyOf({ modelId, vector, origin }: Embedding): Embedding {
  const copy = { modelId, vector: vector.slice() }
  return origin === undefined ? copy : { ...copy, origin: copyOf(origin) }
}
