import { EMBEDDING_LENGTH, toEmbedding, type Embedding } from '../encoding/embedding.js'
import { quantileOfSorted } from '../evaluation/statistics/bootstrap.js'
import { createSeededRandom, type Random } from '../evaluation/statistics/random.js'
import { createGallery, type PersonMatch } from './gallery.js'
import { loadPeer } from './bench-peer.js'
import type { GalleryPrecision } from './template-rows.js'

/** One engine at one gallery size. */
export interface GalleryBenchRow {
  readonly templates: number
  readonly engine: string
  /** The fastest search: what the machine can do when nothing else runs. */
  readonly bestMs: number
  readonly p50Ms: number
  readonly p95Ms: number
  /** Share of the `k` true nearest persons that were found, against all distances in double precision. */
  readonly recall: number
  /** Time to add one template, in microseconds, and the longest single addition, in milliseconds. */
  readonly addMeanUs: number | null
  readonly addMaxMs: number | null
}

export interface GalleryBenchOptions {
  /** Templates, one a person; default 1,000, 100,000 and 1,000,000. */
  readonly sizes?: readonly number[]
  /** Searches of each engine; default 50. */
  readonly probes?: number
  /** Persons wanted; default 1. */
  readonly k?: number
  readonly seed?: number
  /** Approximate peers are built up to this size only, since that takes minutes; default 10,000. */
  readonly maxPeerBuild?: number
  readonly onProgress?: (text: string) => void
}

export interface GalleryBenchResult {
  readonly rows: readonly GalleryBenchRow[]
  /** What was not compared and why. */
  readonly notes: readonly string[]
}

/** Something that finds the numbers of the `k` nearest rows. */
export interface BenchEngine {
  readonly name: string
  readonly addMeanUs: number | null
  readonly addMaxMs: number | null
  search(probe: Embedding, k: number): number[]
}

const MODEL = 'bench'

function gaussian(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
}

/** Directions drawn uniformly, the hardest case: no two templates are alike, none stands out. */
function randomRows(count: number, random: Random): Float32Array {
  const rows = new Float32Array(count * EMBEDDING_LENGTH)
  const raw = new Float32Array(EMBEDDING_LENGTH)
  for (let row = 0; row < count; row++) {
    for (let i = 0; i < EMBEDDING_LENGTH; i++) raw[i] = gaussian(random)
    rows.set(toEmbedding(MODEL, raw).vector, row * EMBEDDING_LENGTH)
  }
  return rows
}

function rowOf(rows: Float32Array, row: number): Float32Array {
  return rows.subarray(row * EMBEDDING_LENGTH, (row + 1) * EMBEDDING_LENGTH)
}

/** Every distance in double precision: the reference for recall, and the loop one would write first. */
function naiveLoop(rows: Float32Array): BenchEngine {
  const count = rows.length / EMBEDDING_LENGTH
  return {
    name: 'naive loop',
    addMeanUs: null,
    addMaxMs: null,
    search({ vector }, k) {
      const best: { row: number; distanceSq: number }[] = []
      for (let row = 0; row < count; row++) {
        const offset = row * EMBEDDING_LENGTH
        let distanceSq = 0
        for (let i = 0; i < EMBEDDING_LENGTH; i++) {
          const difference = vector[i] - rows[offset + i]
          distanceSq += difference * difference
        }
        if (best.length < k || distanceSq < best[best.length - 1].distanceSq) {
          best.push({ row, distanceSq })
          best.sort((a, b) => a.distanceSq - b.distanceSq)
          if (best.length > k) best.pop()
        }
      }
      return best.map(({ row }) => row)
    },
  }
}

function ownGallery(rows: Float32Array, precision: GalleryPrecision): BenchEngine {
  const count = rows.length / EMBEDDING_LENGTH
  const gallery = createGallery(MODEL, { precision })
  let totalMs = 0
  let addMaxMs = 0
  for (let row = 0; row < count; row++) {
    const id = String(row)
    const embedding = { modelId: MODEL, vector: rowOf(rows, row) }
    const startedMs = performance.now()
    gallery.add({ templateId: id, personId: id, embedding })
    const tookMs = performance.now() - startedMs
    totalMs += tookMs
    addMaxMs = Math.max(addMaxMs, tookMs)
  }
  return {
    name: precision === 'int8' ? 'genkan, int8 templates' : 'genkan',
    addMeanUs: (1000 * totalMs) / count,
    addMaxMs,
    search: (probe, k) =>
      gallery.search(probe, k).map(({ personId }: PersonMatch) => Number(personId)),
  }
}

function perturbed(vector: Float32Array, random: Random): Embedding {
  const spread = 0.7 / Math.sqrt(EMBEDDING_LENGTH)
  return toEmbedding(
    MODEL,
    vector.map((component) => component + spread * gaussian(random)),
  )
}

const WARM_UP = 5

/**
 * Times 1:K searches of one thread: our gallery, a plain loop, and `usearch` where it is installed
 * (`npm i --no-save usearch`). The engines take turns at every probe, so that a busy machine
 * is unfair to none. Half of the probes belong to an enrolled person.
 */
export async function benchGallery(options: GalleryBenchOptions = {}): Promise<GalleryBenchResult> {
  const { sizes = [1000, 100_000, 1_000_000], probes = 50, k = 1, seed = 1 } = options
  const { maxPeerBuild = 10_000, onProgress } = options
  const random = createSeededRandom(seed)
  const peer = await loadPeer()
  const rows: GalleryBenchRow[] = []
  const notes = [...peer.notes]
  for (const templates of sizes) {
    onProgress?.(`${templates} templates: building`)
    const vectors = randomRows(templates, random)
    const reference = naiveLoop(vectors)
    const engines = [
      ownGallery(vectors, 'float32'),
      ownGallery(vectors, 'int8'),
      reference,
      ...peer.exact(vectors),
      ...(templates <= maxPeerBuild ? peer.approximate(vectors) : []),
    ]
    if (templates > maxPeerBuild && peer.isInstalled) {
      notes.push(`the approximate peer was not built for ${templates} templates`)
    }
    onProgress?.(`${templates} templates: ${engines.length} engines, ${probes} probes each`)
    const timesMs = engines.map(() => new Float64Array(probes))
    const found = engines.map(() => 0)
    for (let i = -WARM_UP; i < probes; i++) {
      const row = Math.floor(random() * templates)
      const probe =
        i % 2 === 0
          ? perturbed(rowOf(vectors, row), random)
          : { modelId: MODEL, vector: randomRows(1, random) }
      const answers = engines.map((engine, e) => {
        const startedMs = performance.now()
        const answer = engine.search(probe, k)
        if (i >= 0) timesMs[e][i] = performance.now() - startedMs
        return answer
      })
      if (i < 0) continue
      const truth = new Set(answers[engines.indexOf(reference)])
      answers.forEach((answer, e) => {
        found[e] += answer.filter((at) => truth.has(at)).length / truth.size
      })
    }
    engines.forEach(({ name, addMeanUs, addMaxMs }, e) => {
      const sorted = timesMs[e].sort()
      rows.push({
        templates,
        engine: name,
        bestMs: sorted[0],
        p50Ms: quantileOfSorted(sorted, 0.5),
        p95Ms: quantileOfSorted(sorted, 0.95),
        recall: found[e] / probes,
        addMeanUs,
        addMaxMs,
      })
    })
  }
  return { rows, notes }
}
