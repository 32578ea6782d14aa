import type Database from 'better-sqlite3-multiple-ciphers'

import { storedForm, type Embedding } from '../encoding/embedding.js'
import type { AuditLog } from './audit.js'
import { truncateLog } from './database.js'
import type { Template } from './person.js'
import { StoreError } from './store-error.js'
import type { Templates } from './templates.js'
import { toVector, toVectorBytes } from './vector-bytes.js'

/** Most pictures of one person that wait for a yes; the oldest go first. */
export const MAX_CANDIDATES_A_PERSON = 3

/** A picture of a grant that somebody may make a template of. */
export interface TemplateCandidate {
  readonly id: string
  readonly personId: string
  readonly embedding: Embedding
  readonly quality: number
  /** From the nearest picture that people enrolled, squared L2. */
  readonly distanceSq: number
  readonly decisionId: string
  readonly seenAtMs: number
  readonly cropPng: Uint8Array
}

/** Pictures that wait for review; they go with their person. */
export interface TemplateCandidates {
  add(candidate: Omit<TemplateCandidate, 'id' | 'seenAtMs'>, actor: string): string
  /** Oldest first. @throws StoreError `corrupt-row` */
  list(): TemplateCandidate[]
  /** When the newest of a person was seen. */
  newestOf(personId: string): number | undefined
  /** Makes a template of it, in one transaction. @throws StoreError `not-found` */
  accept(id: string, actor: string): Template
  /** Removes it and zeroes its bytes. @throws StoreError `not-found` */
  reject(id: string, actor: string): void
}

interface Row {
  id: string
  person_id: string
  model_id: string
  vector: Buffer
  quality: number
  distance_sq: number
  decision_id: string
  seen_at_ms: number
  crop_png: Buffer
}

/** The {@link TemplateCandidates} of a database. */
export function createTemplateCandidates(
  database: Database.Database,
  options: { nowMs: () => number; newId: () => string; audit: AuditLog; templates: Templates },
): TemplateCandidates {
  const { nowMs, newId, audit, templates } = options
  const insert = database.prepare<[Row]>(
    `INSERT INTO template_candidates
       (id, person_id, model_id, vector, quality, distance_sq, decision_id, seen_at_ms, crop_png)
     VALUES
       (@id, @person_id, @model_id, @vector, @quality, @distance_sq, @decision_id, @seen_at_ms, @crop_png)`,
  )
  const removeOldest = database.prepare<[{ person: string; keep: number }]>(
    `DELETE FROM template_candidates WHERE person_id = @person AND id NOT IN
       (SELECT id FROM template_candidates WHERE person_id = @person ORDER BY id DESC LIMIT @keep)`,
  )
  const selectAll = database.prepare<[], Row>('SELECT * FROM template_candidates ORDER BY id')
  const select = database.prepare<[string], Row>('SELECT * FROM template_candidates WHERE id = ?')
  const newest = database
    .prepare<[string], number | null>(
      'SELECT max(seen_at_ms) FROM template_candidates WHERE person_id = ?',
    )
    .pluck()
  const remove = database.prepare<[string]>('DELETE FROM template_candidates WHERE id = ?')

  const notFound = () =>
    new StoreError({
      code: 'not-found',
      what: 'no picture with this id waits for review',
      cure: 'list them (genkan ageing list) and use one of their ids',
    })

  function toCandidate(row: Row): TemplateCandidate {
    const vector = toVector(row.vector)
    if (vector === undefined) {
      throw new StoreError({
        code: 'corrupt-row',
        what: `picture ${row.id} has an embedding that is no unit vector of 128 numbers`,
        cure: `reject it (genkan ageing reject ${row.id})`,
      })
    }
    return {
      id: row.id,
      personId: row.person_id,
      embedding: { modelId: row.model_id, vector },
      quality: row.quality,
      distanceSq: row.distance_sq,
      decisionId: row.decision_id,
      seenAtMs: row.seen_at_ms,
      cropPng: row.crop_png,
    }
  }

  const add = database.transaction(
    (candidate: Omit<TemplateCandidate, 'id' | 'seenAtMs'>, actor: string) => {
      const { modelId, vector } = storedForm(candidate.embedding)
      const row: Row = {
        id: newId(),
        person_id: candidate.personId,
        model_id: modelId,
        vector: toVectorBytes(vector),
        quality: candidate.quality,
        distance_sq: candidate.distanceSq,
        decision_id: candidate.decisionId,
        seen_at_ms: nowMs(),
        crop_png: Buffer.from(candidate.cropPng),
      }
      insert.run(row)
      removeOldest.run({ person: row.person_id, keep: MAX_CANDIDATES_A_PERSON })
      audit.append({ actor, action: 'ageing.propose', subjectId: row.id })
      return row.id
    },
  )

  const accept = database.transaction((id: string, actor: string): Template => {
    const row = select.get(id)
    if (row === undefined) throw notFound()
    const { personId, embedding, quality, cropPng } = toCandidate(row)
    const template = templates.add(
      { personId, embedding, quality, source: 'grant', cropPng },
      actor,
    )
    remove.run(id)
    audit.append({ actor, action: 'ageing.accept', subjectId: id })
    return template
  })

  const reject = database.transaction((id: string, actor: string): void => {
    if (remove.run(id).changes === 0) throw notFound()
    audit.append({ actor, action: 'ageing.reject', subjectId: id })
  })

  return {
    add: (candidate, actor) => add.immediate(candidate, actor),
    list: () => selectAll.all().map(toCandidate),
    newestOf: (personId) => newest.get(personId) ?? undefined,
    accept(id, actor) {
      const template = accept.immediate(id, actor)
      truncateLog(database)
      return template
    },
    reject(id, actor) {
      reject.immediate(id, actor)
      truncateLog(database)
    },
  }
}
