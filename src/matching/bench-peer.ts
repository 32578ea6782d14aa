import { EMBEDDING_LENGTH } from '../encoding/embedding.js'
import type { BenchEngine } from './bench-gallery.js'

/** The part of `usearch` 2.x in use. */
interface Usearch {
  readonly Index: new (config: Record<string, string | number | boolean>) => {
    add(key: bigint, vector: Float32Array, threads: number): void
    search(vector: Float32Array, k: number, threads: number): { keys: BigUint64Array }
  }
  exactSearch(
    rows: Float32Array,
    probe: Float32Array,
    dimensions: number,
    k: number,
    metric: string,
    threads: number,
  ): { keys: BigUint64Array }
}

/** A library to compare with, if it is there. */
export interface Peer {
  readonly isInstalled: boolean
  readonly notes: readonly string[]
  exact(rows: Float32Array): BenchEngine[]
  approximate(rows: Float32Array): BenchEngine[]
}

const ONE_THREAD = 1

function exactEngine(usearch: Usearch, rows: Float32Array): BenchEngine {
  return {
    name: 'usearch, exact',
    addMeanUs: null,
    addMaxMs: null,
    search({ vector }, k) {
      const { keys } = usearch.exactSearch(rows, vector, EMBEDDING_LENGTH, k, 'l2sq', ONE_THREAD)
      return Array.from(keys, Number)
    },
  }
}

function approximateEngine({ Index }: Usearch, rows: Float32Array): BenchEngine {
  const index = new Index({
    dimensions: EMBEDDING_LENGTH,
    metric: 'l2sq',
    quantization: 'f32',
    connectivity: 16,
    expansion_add: 128,
    expansion_search: 64,
    multi: false,
  })
  const count = rows.length / EMBEDDING_LENGTH
  let totalMs = 0
  let addMaxMs = 0
  for (let row = 0; row < count; row++) {
    const vector = rows.slice(row * EMBEDDING_LENGTH, (row + 1) * EMBEDDING_LENGTH)
    const startedMs = performance.now()
    index.add(BigInt(row), vector, ONE_THREAD)
    const tookMs = performance.now() - startedMs
    totalMs += tookMs
    addMaxMs = Math.max(addMaxMs, tookMs)
  }
  return {
    name: 'usearch, HNSW (approximate)',
    addMeanUs: (1000 * totalMs) / count,
    addMaxMs,
    search: ({ vector }, k) => Array.from(index.search(vector, k, ONE_THREAD).keys, Number),
  }
}

/** Looks for `usearch`, which is deliberately no dependency. */
export async function loadPeer(): Promise<Peer> {
  const name = 'usearch'
  try {
    const loaded = (await import(name)) as { default: Usearch }
    const usearch = loaded.default
    return {
      isInstalled: true,
      notes: [],
      exact: (rows) => [exactEngine(usearch, rows)],
      approximate: (rows) => [approximateEngine(usearch, rows)],
    }
  } catch {
    const hint = 'no peer was compared: npm i --no-save usearch brings one'
    return { isInstalled: false, notes: [hint], exact: () => [], approximate: () => [] }
  }
}
