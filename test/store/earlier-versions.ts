import { createHash } from 'node:crypto'

import { ulid } from 'ulid'

import type { Decision } from '../../src/decision/decision.js'
import { createAuditLog } from '../../src/store/audit.js'
import { deniedDecision, grantedDecision, sampleEmbedding, type rawDatabase } from './samples.js'

type Raw = ReturnType<typeof rawDatabase>

/** What was put into a database of an earlier version. */
export interface Content {
  readonly personId: string
  readonly templateId: string
  readonly delivered: Decision
  readonly pending: Decision
  readonly tokenId: string
  readonly styleJobId: string
}

function addTemplate(raw: Raw, { personId, templateId }: Content): void {
  const { modelId, vector } = sampleEmbedding(1)
  const bytes = Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength)
  raw
    .prepare(
      `INSERT INTO templates (id, person_id, model_id, vector, quality, source, enrolled_at_ms, crop_png)
       VALUES (?, ?, ?, ?, 0.5, 'cli', 6, x'89504e47')`,
    )
    .run(templateId, personId, modelId, bytes)
}

function addDecision(raw: Raw, decision: Decision, delivery: 'delivered' | 'pending'): void {
  const body = JSON.stringify(decision)
  raw
    .prepare(
      `INSERT INTO decisions (id, decided_at_ms, door, outcome, reason, person_id, body, delivery)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
    )
    .run(
      decision.id,
      Date.parse(decision.decidedAt),
      decision.door,
      decision.outcome,
      decision.outcome === 'denied' ? decision.reason : null,
      decision.outcome === 'granted' ? decision.person.id : null,
      body,
      delivery,
    )
  if (delivery === 'delivered') return
  raw
    .prepare(
      `INSERT INTO outbox (message_id, kind, body, created_at_ms) VALUES (?, 'decision', ?, 7)`,
    )
    .run(decision.id, body)
}

function addStyleJob(raw: Raw, { styleJobId, personId }: Content): void {
  raw
    .prepare(
      `INSERT INTO style_jobs (id, person_id, state, request, created_by, created_at_ms)
       VALUES (?, ?, 'running', '{"settings":{}}', 'cli', 10)`,
    )
    .run(styleJobId, personId)
  raw
    .prepare(`INSERT INTO style_pictures (job_id, part, bytes) VALUES (?, 'content', x'89504e47')`)
    .run(styleJobId)
  raw
    .prepare(
      `INSERT INTO display_pictures (name, person_id, job_id, jpeg, set_by, set_at_ms)
       VALUES ('idle', ?, ?, x'ffd8ff', 'cli', 11)`,
    )
    .run(personId, styleJobId)
}

/** Fills a database with rows as the genkan of that version wrote them. */
export function fillAsVersion(raw: Raw, version: number): Content {
  const personId = ulid()
  const content: Content = {
    personId,
    templateId: ulid(),
    delivered: grantedDecision({ id: personId, name: 'Ada' }),
    pending: deniedDecision(),
    tokenId: ulid(),
    styleJobId: ulid(),
  }
  if (version >= 1) {
    raw
      .prepare(`INSERT INTO persons (id, name, active, created_at_ms) VALUES (?, 'Ada', 1, 5)`)
      .run(personId)
    addTemplate(raw, content)
  }
  if (version >= 2) {
    addDecision(raw, content.delivered, 'delivered')
    addDecision(raw, content.pending, 'pending')
    raw.prepare(`INSERT INTO counters VALUES ('grant-sequence', 41), ('outbox-delivered', 1)`).run()
  }
  if (version >= 3) {
    raw
      .prepare(
        `INSERT INTO admin_tokens (id, label, secret_hash, created_at_ms) VALUES (?, 'console', ?, 8)`,
      )
      .run(content.tokenId, createHash('sha256').update('secret').digest())
    const audit = createAuditLog(raw, () => 9)
    audit.append({ actor: 'cli', action: 'person.create', subjectId: personId })
    audit.append({ actor: 'cli', action: 'template.add', subjectId: content.templateId })
  }
  if (version >= 7) addStyleJob(raw, content)
  return content
}
