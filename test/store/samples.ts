import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { ulid } from 'ulid'

import type { Decision } from '../../src/decision/decision.js'
import { toEmbedding, type Embedding } from '../../src/encoding/embedding.js'
import { openDatabase } from '../../src/store/database.js'
import { MIGRATIONS } from '../../src/store/migrations.js'
import { openStore, type Store, type StoreOptions } from '../../src/store/store.js'
import type { NewTemplate } from '../../src/store/templates.js'

/** Something with tap's teardown. */
interface Test {
  teardown(action: () => void): unknown
}

/** A private folder that goes with the test. */
export function temporaryFolder(t: Test): string {
  const folder = mkdtempSync(join(tmpdir(), 'genkan-test-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** A store in a new folder, closed with the test. */
export function temporaryStore(t: Test, options: Partial<StoreOptions> = {}): Store {
  const store = openStore({ folder: join(temporaryFolder(t), 'data'), nowMs: Date.now, ...options })
  t.teardown(() => store.close())
  return store
}

/** The decrypted database of a folder whose store is closed or of role `command`. */
export function rawDatabase(
  folder: string,
  migrations = MIGRATIONS,
): ReturnType<typeof openDatabase> {
  const key = Buffer.from(readFileSync(join(folder, 'genkan.key'), 'latin1').trim(), 'hex')
  return openDatabase(folder, key, migrations)
}

/** Every byte of every file in a folder. */
export function folderBytes(folder: string): Buffer {
  return Buffer.concat(readdirSync(folder).map((name) => readFileSync(join(folder, name))))
}

export function sampleEmbedding(seed: number): Embedding {
  return toEmbedding(
    'encoder-of-tests',
    Float32Array.from({ length: 128 }, (_, index) => Math.sin((index + 1) * (seed + 1))),
  )
}

/** A template whose crop begins like a PNG and ends with the marker. */
export function sampleTemplate(personId: string, seed: number, marker = ''): NewTemplate {
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])
  return {
    personId,
    embedding: sampleEmbedding(seed),
    quality: 0.75,
    source: 'upload',
    cropPng: Buffer.concat([signature, Buffer.alloc(6000, seed), Buffer.from(marker)]),
  }
}

function evidence(atMs: number): Omit<Decision, 'outcome' | 'person' | 'reason' | 'detail'> {
  return {
    id: ulid(),
    door: 'main',
    decidedAt: new Date(atMs).toISOString(),
    attempt: { frames: 3, durationMs: 412.5 },
    match: { distanceSq: 0.31, runnerUpDistanceSq: 1.2, threshold: 0.6, galleryPersons: 2 },
    liveness: { texture: 0.97, lifeEvents: 1 },
    models: { encoder: 'encoder-of-tests' },
    latencyMs: 31,
  }
}

export function grantedDecision(
  person: { id: string; name: string } = { id: ulid(), name: 'Ada' },
  atMs = Date.now(),
): Decision {
  return { ...evidence(atMs), outcome: 'granted', person: { id: person.id, name: person.name } }
}

export function deniedDecision(atMs = Date.now()): Decision {
  return { ...evidence(atMs), outcome: 'denied', reason: 'unknown', detail: 'nobody enrolled' }
}

/** The text of a learnt head of full size, which says itself whether it is whole. */
export function headBody(index: number): string {
  const weights = String(index).padEnd(120_000, '=')
  return JSON.stringify({ index, weights, end: index })
}
