import type Database from 'better-sqlite3-multiple-ciphers'
import { z } from 'zod'

import { storedForm, type Embedding } from '../encoding/embedding.js'
import type { AuditLog } from './audit.js'
import { truncateLog } from './database.js'
import { parseInput } from './input.js'
import { enrolmentSourceSchema, type EnrolmentSource, type Template } from './person.js'
import { StoreError } from './store-error.js'
import { isUnitVector, toVector, toVectorBytes } from './vector-bytes.js'

/** Most templates one person may have; more only slow the search down. */
export const MAX_TEMPLATES_A_PERSON = 40

const MAX_CROP_BYTES = 1024 * 1024
const PNG_SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])

/** A template about to be stored. */
export type NewTemplate = Omit<Template, 'id' | 'enrolledAtMs'>

/** What matching needs of a template. */
export interface GalleryEntry {
  readonly templateId: string
  readonly personId: string
  readonly embedding: Embedding
}

/** The templates of the store. */
export interface Templates {
  /** @throws StoreError `invalid-value`, or `not-found` when there is no such person */
  add(template: NewTemplate, actor: string): Template
  /** With crops, in order of enrolment. @throws StoreError `corrupt-row` */
  byPerson(personId: string): Template[]
  /** `undefined` when there is none. @throws StoreError `corrupt-row` */
  get(id: string): Template | undefined
  countOf(personId: string): number
  /** How many templates each person has; persons without any are absent. */
  counts(): Map<string, number>
  /**
   * Every template of every person and model, without crops; once more for each other encoder that has
   * seen its picture.
   * @throws StoreError `corrupt-row`
   */
  gallery(): GalleryEntry[]
  /** The same of one person. @throws StoreError `corrupt-row` */
  galleryOf(personId: string): GalleryEntry[]
  /** Removes one template and zeroes its bytes; `false` when there was none. */
  delete(id: string, actor: string): boolean
}

interface GalleryRow {
  id: string
  person_id: string
  model_id: string
  vector: Buffer
}

interface Row extends GalleryRow {
  quality: number
  source: string
  enrolled_at_ms: number
  crop_png: Buffer
}

const newTemplateSchema = z.object({
  personId: z.ulid(),
  embedding: z.object({
    modelId: z.string().min(1).max(200),
    vector: z.instanceof(Float32Array).refine(isUnitVector, 'is not a unit vector of 128 numbers'),
  }),
  quality: z.number().min(0).max(1),
  source: enrolmentSourceSchema,
  cropPng: z
    .instanceof(Uint8Array)
    .refine((png) => png.length <= MAX_CROP_BYTES, `is larger than ${MAX_CROP_BYTES} bytes`)
    .refine((png) => PNG_SIGNATURE.equals(png.subarray(0, PNG_SIGNATURE.length)), 'is not a PNG'),
})

function corruptRow(id: string, what: string): StoreError {
  return new StoreError({
    code: 'corrupt-row',
    what: `template ${id} has ${what}`,
    cure: `delete template ${id} and enrol the person again`,
  })
}

function toEmbedding(row: GalleryRow): Embedding {
  const vector = toVector(row.vector)
  if (!vector) throw corruptRow(row.id, 'an embedding that is no unit vector of 128 numbers')
  return { modelId: row.model_id, vector }
}

function toSource(row: Row): EnrolmentSource {
  const source = enrolmentSourceSchema.safeParse(row.source)
  if (!source.success) throw corruptRow(row.id, 'an unknown source')
  return source.data
}

function toTemplate(row: Row): Template {
  return {
    id: row.id,
    personId: row.person_id,
    embedding: toEmbedding(row),
    quality: row.quality,
    source: toSource(row),
    enrolledAtMs: row.enrolled_at_ms,
    cropPng: row.crop_png,
  }
}

/** The {@link Templates} of a database. */
export function createTemplates(
  database: Database.Database,
  options: { nowMs: () => number; newId: () => string; audit: AuditLog },
): Templates {
  const { nowMs, newId, audit } = options
  const insert = database.prepare<[Row]>(
    `INSERT INTO templates (id, person_id, model_id, vector, quality, source, enrolled_at_ms, crop_png)
     VALUES (@id, @person_id, @model_id, @vector, @quality, @source, @enrolled_at_ms, @crop_png)`,
  )
  const selectByPerson = database.prepare<[string], Row>(
    'SELECT * FROM templates WHERE person_id = ? ORDER BY id',
  )
  const selectById = database.prepare<[string], Row>('SELECT * FROM templates WHERE id = ?')
  const entries = (where: string) =>
    `SELECT id, person_id, model_id, vector FROM templates ${where}
     UNION ALL SELECT t.id, t.person_id, e.model_id, e.vector
       FROM encodings e JOIN templates t ON t.id = e.template_id AND t.model_id <> e.model_id ${where}
     ORDER BY id`
  const selectGallery = database.prepare<[], GalleryRow>(entries(''))
  const selectGalleryOf = database.prepare<[string, string], GalleryRow>(
    entries('WHERE person_id = ?'),
  )
  const toEntry = (row: GalleryRow): GalleryEntry => ({
    templateId: row.id,
    personId: row.person_id,
    embedding: toEmbedding(row),
  })
  const countByPerson = database.prepare<[], { person_id: string; count: number }>(
    'SELECT person_id, count(*) AS count FROM templates GROUP BY person_id',
  )
  const countOfPerson = database
    .prepare<[string], number>('SELECT count(*) FROM templates WHERE person_id = ?')
    .pluck()
  const remove = database.prepare<[string]>('DELETE FROM templates WHERE id = ?')

  const add = database.transaction((input: NewTemplate, actor: string): Template => {
    const stored = { ...input, embedding: storedForm(input.embedding) }
    const template = parseInput(newTemplateSchema, stored, 'template')
    if ((countOfPerson.get(template.personId) ?? 0) >= MAX_TEMPLATES_A_PERSON) {
      throw new StoreError({
        code: 'invalid-value',
        what: `this person has ${MAX_TEMPLATES_A_PERSON} templates already`,
        cure: 'delete an old one first',
      })
    }
    const row: Row = {
      id: newId(),
      person_id: template.personId,
      model_id: template.embedding.modelId,
      vector: toVectorBytes(template.embedding.vector),
      quality: template.quality,
      source: template.source,
      enrolled_at_ms: nowMs(),
      crop_png: Buffer.from(template.cropPng),
    }
    insert.run(row)
    audit.append({ actor, action: 'template.add', subjectId: row.id })
    return toTemplate(row)
  })

  const deleteAudited = database.transaction((id: string, actor: string): boolean => {
    if (remove.run(id).changes === 0) return false
    audit.append({ actor, action: 'template.delete', subjectId: id })
    return true
  })

  return {
    add: (template, actor) => add.immediate(template, actor),
    byPerson: (personId) => selectByPerson.all(personId).map(toTemplate),
    get(id) {
      const row = selectById.get(id)
      return row && toTemplate(row)
    },
    countOf: (personId) => countOfPerson.get(personId) ?? 0,
    counts: () => new Map(countByPerson.all().map((row) => [row.person_id, row.count])),
    gallery: () => selectGallery.all().map(toEntry),
    galleryOf: (personId) => selectGalleryOf.all(personId, personId).map(toEntry),
    delete(id, actor) {
      const deleted = deleteAudited.immediate(id, actor)
      if (deleted) truncateLog(database)
      return deleted
    },
  }
}
