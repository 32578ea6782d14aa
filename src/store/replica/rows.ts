import type Database from 'better-sqlite3-multiple-ciphers'

import { searchForm } from '../person.js'
import type { Edits, Payload, PayloadOf, RecordKind } from './record.js'
import { encodingId, payloadSchema } from './record.js'

/** Another subject that must be there first. */
export interface Need {
  readonly kind: RecordKind
  readonly subject: string
}

/** The subjects of a fleet as rows of the store's own tables. */
export interface ReplicaRows {
  exists(kind: RecordKind, subject: string): boolean
  /** The content as it stands here; `undefined` when there is none. */
  read(kind: RecordKind, subject: string, edits: Edits): Payload | undefined
  /** Everything that rests on others must have them, see {@link needsOf}. */
  write(payload: Payload): void
  /** With what hangs on it. */
  remove(kind: RecordKind, subject: string): void
  /** Ids of everything there is of a kind, in order. */
  ids(kind: RecordKind): string[]
  /** What goes with a person or a template. */
  childrenOf(parent: Need): Need[]
  /** Whom and what a group has: its members and its schedule. */
  restingOn(group: string): Need[]
  /** Whose a template is. */
  personOf(templateId: string): string | undefined
}

/** On what a content rests. */
export function needsOf(payload: Payload): Need[] {
  switch (payload.kind) {
    case 'person':
      return payload.groups.map((subject) => ({ kind: 'group', subject }))
    case 'schedule':
      return [{ kind: 'group', subject: payload.id }]
    case 'picture':
      return [{ kind: 'template', subject: payload.id }]
    case 'encoding':
      return [{ kind: 'template', subject: payload.templateId }]
    case 'template':
    case 'consent':
      return [{ kind: 'person', subject: payload.personId }]
    case 'negative':
      return [payload.personId, payload.otherId ?? []]
        .flat()
        .map((subject) => ({ kind: 'person', subject }))
    case 'group':
    case 'token':
    case 'door':
    case 'rollout':
      return []
  }
}

const TABLES: Readonly<Record<Exclude<RecordKind, 'picture'>, readonly [string, string]>> = {
  person: ['persons', 'id'],
  group: ['groups', 'id'],
  schedule: ['schedules', 'group_id'],
  template: ['templates', 'id'],
  consent: ['consents', 'id'],
  negative: ['negatives', 'id'],
  token: ['admin_tokens', 'id'],
  encoding: ['encodings', `template_id || '.' || model_id`],
  door: ['fleet_doors', 'kiosk'],
  rollout: ['fleet_rollouts', 'id'],
}

type Row = Record<string, unknown>

const text = (bytes: unknown) => (Buffer.isBuffer(bytes) ? bytes.toString('base64') : null)
const bytes = (text: string | null) => (text === null ? null : Buffer.from(text, 'base64'))

/** A row as the content that is shared of it. */
function toContent(kind: RecordKind, row: Row, groups: readonly string[], edits: Edits): unknown {
  const id = row['id'] ?? row['group_id']
  switch (kind) {
    case 'person':
      return {
        kind,
        id,
        name: row['name'],
        active: row['active'] === 1,
        createdAtMs: row['created_at_ms'],
        validFromMs: row['valid_from_ms'],
        validUntilMs: row['valid_until_ms'],
        retainUntilMs: row['retain_until_ms'],
        groups,
        edits,
      }
    case 'group':
      return { kind, id, name: row['name'], createdAtMs: row['created_at_ms'], edits }
    case 'schedule':
      return { kind, id, schedule: JSON.parse(String(row['body'])) as unknown, edits }
    case 'template':
      return {
        kind,
        id,
        personId: row['person_id'],
        modelId: row['model_id'],
        quality: row['quality'],
        source: row['source'],
        enrolledAtMs: row['enrolled_at_ms'],
        vector: text(row['vector']),
      }
    case 'picture':
      return { kind, id, cropPng: text(row['crop_png']) }
    case 'encoding': {
      const templateId = String(row['template_id'])
      const modelId = String(row['model_id'])
      const vector = text(row['vector'])
      return { kind, id: encodingId(templateId, modelId), templateId, modelId, vector }
    }
    case 'door':
      return {
        kind,
        id: row['kiosk'],
        admits: JSON.parse(String(row['admits'])) as unknown,
        edits,
      }
    case 'rollout':
      return { kind, id, rollout: JSON.parse(String(row['body'])) as unknown, edits }
    case 'consent':
      return {
        kind,
        id,
        personId: row['person_id'],
        consent: row['kind'],
        atMs: row['at_ms'],
        givenBy: row['given_by'],
        textVersion: row['text_version'],
        recordedBy: row['recorded_by'],
        recordedAtMs: row['recorded_at_ms'],
      }
    case 'negative':
      return {
        kind,
        id,
        personId: row['person_id'],
        otherId: row['other_id'],
        modelId: row['model_id'],
        vector: text(row['vector']),
        decisionId: row['decision_id'],
        createdAtMs: row['created_at_ms'],
      }
    case 'token':
      return {
        kind,
        id,
        label: row['label'],
        role: row['role'],
        salt: text(row['salt']),
        secretHash: text(row['secret_hash']),
        createdAtMs: row['created_at_ms'],
        edits,
      }
  }
}

/** The {@link ReplicaRows} of a database. */
export function createReplicaRows(database: Database.Database): ReplicaRows {
  const each = <Result>(prepare: (table: string, key: string) => Result) =>
    Object.fromEntries(
      Object.entries(TABLES).map(([kind, [table, key]]) => [kind, prepare(table, key)]),
    ) as Record<keyof typeof TABLES, Result>
  const selects = each((table, key) =>
    database.prepare<[string], Row>(`SELECT * FROM ${table} WHERE ${key} = ?`),
  )
  const counts = each((table, key) =>
    database.prepare<[string], number>(`SELECT count(*) FROM ${table} WHERE ${key} = ?`).pluck(),
  )
  const deletes = each((table, key) =>
    database.prepare<[string]>(`DELETE FROM ${table} WHERE ${key} = ?`),
  )
  const lists = each((table, key) =>
    database.prepare<[], string>(`SELECT ${key} FROM ${table} ORDER BY ${key}`).pluck(),
  )
  const pictured = database
    .prepare<[], string>('SELECT id FROM templates WHERE length(crop_png) > 0 ORDER BY id')
    .pluck()
  const hasPicture = database
    .prepare<[string], number>(
      'SELECT count(*) FROM templates WHERE id = ? AND length(crop_png) > 0',
    )
    .pluck()
  const clearPicture = database.prepare<[string]>(
    `UPDATE templates SET crop_png = x'' WHERE id = ?`,
  )
  const setPicture = database.prepare<[Buffer, string]>(
    'UPDATE templates SET crop_png = ? WHERE id = ?',
  )
  const groupsOf = database
    .prepare<[string], string>(
      'SELECT group_id FROM person_groups WHERE person_id = ? ORDER BY group_id',
    )
    .pluck()
  const leaveGroups = database.prepare<[string]>('DELETE FROM person_groups WHERE person_id = ?')
  const joinGroup = database.prepare<[string, string]>(
    'INSERT INTO person_groups (person_id, group_id) VALUES (?, ?)',
  )
  const membersOf = database
    .prepare<[string], string>('SELECT person_id FROM person_groups WHERE group_id = ?')
    .pluck()
  const leaveGroup = database.prepare<[string]>('DELETE FROM person_groups WHERE group_id = ?')
  const makeInactive = database.prepare<[string]>(
    'UPDATE persons SET active = 0, version = version + 1 WHERE id = ?',
  )
  const upsertPerson = database.prepare<(string | number | null)[]>(
    `INSERT INTO persons (id, name, search_name, active, created_at_ms, valid_from_ms, valid_until_ms,
       retain_until_ms)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (id) DO UPDATE SET name = excluded.name, search_name = excluded.search_name,
       active = excluded.active, valid_from_ms = excluded.valid_from_ms,
       valid_until_ms = excluded.valid_until_ms, retain_until_ms = excluded.retain_until_ms,
       version = version + 1`,
  )
  const upsertGroup = database.prepare(
    `INSERT INTO groups (id, name, created_at_ms) VALUES (@id, @name, @createdAtMs)
     ON CONFLICT (id) DO UPDATE SET name = excluded.name, created_at_ms = excluded.created_at_ms`,
  )
  const upsertSchedule = database.prepare<[string, string]>(
    `INSERT INTO schedules (group_id, body, version) VALUES (?, ?, 1)
     ON CONFLICT (group_id) DO UPDATE SET body = excluded.body, version = version + 1`,
  )
  const upsertTemplate = database.prepare<[string, string, string, Buffer, number, string, number]>(
    `INSERT INTO templates (id, person_id, model_id, vector, quality, source, enrolled_at_ms, crop_png)
     VALUES (?, ?, ?, ?, ?, ?, ?, x'')
     ON CONFLICT (id) DO UPDATE SET model_id = excluded.model_id, vector = excluded.vector`,
  )
  const insertConsent = database.prepare(
    `INSERT INTO consents (id, person_id, kind, at_ms, given_by, text_version, recorded_by,
       recorded_at_ms)
     VALUES (@id, @personId, @consent, @atMs, @givenBy, @textVersion, @recordedBy, @recordedAtMs)
     ON CONFLICT (id) DO NOTHING`,
  )
  const insertNegative = database.prepare(
    `INSERT INTO negatives (id, person_id, other_id, model_id, vector, decision_id, created_at_ms)
     VALUES (@id, @personId, @otherId, @modelId, @vector, @decisionId, @createdAtMs)
     ON CONFLICT (id) DO NOTHING`,
  )
  const upsertToken = database.prepare(
    `INSERT INTO admin_tokens (id, label, role, salt, secret_hash, created_at_ms, last_used_at_ms)
     VALUES (@id, @label, @role, @salt, @secretHash, @createdAtMs, NULL)
     ON CONFLICT (id) DO UPDATE SET salt = excluded.salt, secret_hash = excluded.secret_hash`,
  )
  const children = (['template', 'consent', 'negative'] as const).map((kind) => ({
    kind,
    ids: database
      .prepare<[string], string>(`SELECT id FROM ${TABLES[kind][0]} WHERE person_id = ?`)
      .pluck(),
  }))
  const encodingsOf = database
    .prepare<[string], string>(
      `SELECT ${TABLES.encoding[1]} FROM encodings WHERE template_id = ? ORDER BY model_id`,
    )
    .pluck()
  const ownerOf = database
    .prepare<[string], string>('SELECT person_id FROM templates WHERE id = ?')
    .pluck()
  const upsertEncoding = database.prepare<[string, string, Buffer]>(
    `INSERT INTO encodings (template_id, model_id, vector) VALUES (?, ?, ?)
     ON CONFLICT (template_id, model_id) DO UPDATE SET vector = excluded.vector`,
  )
  const upsertDoor = database.prepare<[string, string]>(
    `INSERT INTO fleet_doors (kiosk, admits) VALUES (?, ?)
     ON CONFLICT (kiosk) DO UPDATE SET admits = excluded.admits`,
  )
  const upsertRollout = database.prepare<[string, string]>(
    `INSERT INTO fleet_rollouts (id, body) VALUES (?, ?)
     ON CONFLICT (id) DO UPDATE SET body = excluded.body`,
  )

  function writePerson(person: PayloadOf<'person'>): void {
    const { id, name, groups } = person
    upsertPerson.run(
      id,
      name,
      searchForm(name),
      person.active ? 1 : 0,
      person.createdAtMs,
      person.validFromMs,
      person.validUntilMs,
      person.retainUntilMs,
    )
    leaveGroups.run(id)
    for (const group of groups) joinGroup.run(id, group)
  }

  return {
    exists(kind, subject) {
      const count = kind === 'picture' ? hasPicture : counts[kind]
      return count.get(subject) === 1
    },

    read(kind, subject, edits) {
      const row = selects[kind === 'picture' ? 'template' : kind].get(subject)
      if (row === undefined) return undefined
      if (kind === 'picture' && !Buffer.from(row['crop_png'] as Buffer).length) return undefined
      const groups = kind === 'person' ? groupsOf.all(subject) : []
      return payloadSchema.parse(toContent(kind, row, groups, edits))
    },

    write(payload) {
      switch (payload.kind) {
        case 'person':
          writePerson(payload)
          return
        case 'group':
          return void upsertGroup.run(payload)
        case 'schedule':
          return void upsertSchedule.run(payload.id, JSON.stringify(payload.schedule))
        case 'template':
          return void upsertTemplate.run(
            payload.id,
            payload.personId,
            payload.modelId,
            Buffer.from(payload.vector, 'base64'),
            payload.quality,
            payload.source,
            payload.enrolledAtMs,
          )
        case 'picture':
          return void setPicture.run(Buffer.from(payload.cropPng, 'base64'), payload.id)
        case 'encoding':
          return void upsertEncoding.run(
            payload.templateId,
            payload.modelId,
            Buffer.from(payload.vector, 'base64'),
          )
        case 'door':
          return void upsertDoor.run(payload.id, JSON.stringify(payload.admits))
        case 'rollout':
          return void upsertRollout.run(payload.id, JSON.stringify(payload.rollout))
        case 'consent':
          return void insertConsent.run(payload)
        case 'negative':
          return void insertNegative.run({ ...payload, vector: bytes(payload.vector) })
        case 'token':
          return void upsertToken.run({
            ...payload,
            salt: bytes(payload.salt),
            secretHash: bytes(payload.secretHash),
          })
      }
    },

    remove(kind, subject) {
      if (kind === 'picture') {
        clearPicture.run(subject)
        return
      }
      if (kind === 'group') {
        const members = membersOf.all(subject)
        leaveGroup.run(subject)
        // Without a group they would be admitted at all times.
        for (const person of members) {
          if (groupsOf.all(person).length === 0) makeInactive.run(person)
        }
      }
      deletes[kind].run(subject)
    },

    ids: (kind) => (kind === 'picture' ? pictured : lists[kind]).all(),
    childrenOf({ kind: parent, subject: id }) {
      if (parent === 'template') {
        return encodingsOf.all(id).map((subject) => ({ kind: 'encoding', subject }))
      }
      if (parent !== 'person') return []
      return children.flatMap(({ kind, ids }) => ids.all(id).map((subject) => ({ kind, subject })))
    },
    restingOn(group) {
      const members = membersOf.all(group).map((subject): Need => ({ kind: 'person', subject }))
      return [...members, { kind: 'schedule', subject: group }]
    },
    personOf: (templateId) => ownerOf.get(templateId),
  }
}
