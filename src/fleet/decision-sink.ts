import type { Decision } from '../decision/decision.js'
import type { Connection } from './postgres.js'

/** A decision with its number at this kiosk. */
export interface NumberedDecision {
  readonly sequence: number
  readonly decision: Decision
}

const DAY = /^(\d{4})-(\d{2})-(\d{2})$/

async function isThere(client: Connection, table: string): Promise<boolean> {
  const { rows } = await client.query<{ there: boolean }>(
    'SELECT to_regclass($1) IS NOT NULL AS there',
    [table],
  )
  return rows.at(0)?.there === true
}

/** Makes the day's part of the table when it is not there; two kiosks may do so at once. */
async function ensureDay(client: Connection, day: string): Promise<void> {
  const [, year = '', month = '', date = ''] = DAY.exec(day) ?? []
  if (year === '') throw new Error(`${day} is no day`)
  const next = new Date(Date.parse(`${day}T00:00:00Z`) + 86_400_000).toISOString().slice(0, 10)
  const name = `fleet_decision_${year}${month}${date}`
  if (await isThere(client, name)) return
  try {
    await client.query(
      `CREATE TABLE IF NOT EXISTS ${name} PARTITION OF fleet_decision
       FOR VALUES FROM ('${day}') TO ('${next}')`,
    )
  } catch (error) {
    if (!(await isThere(client, name))) throw error
  }
}

/**
 * Writes decisions to the fleet's database, in one statement a day, exactly once by their id. A person
 * stands there by id, never by name.
 */
export async function writeDecisions(
  client: Connection,
  kiosk: string,
  decisions: readonly NumberedDecision[],
): Promise<void> {
  const days = new Map<string, Decision[]>()
  for (const { decision } of decisions) {
    const day = decision.decidedAt.slice(0, 10)
    days.set(day, [...(days.get(day) ?? []), decision])
  }
  for (const [day, ofDay] of days) {
    await ensureDay(client, day)
    const rows = ofDay.map((decision) => ({
      id: decision.id,
      decided_on: day,
      decided_at: decision.decidedAt,
      door: decision.door,
      outcome: decision.outcome,
      reason: decision.outcome === 'denied' ? decision.reason : null,
      person_id: decision.outcome === 'granted' ? decision.person.id : null,
      kiosk,
      body:
        decision.outcome === 'granted'
          ? { ...decision, person: { id: decision.person.id } }
          : decision,
    }))
    await client.query(
      `INSERT INTO fleet_decision
         (id, decided_on, decided_at, door, outcome, reason, person_id, kiosk, body)
       SELECT id, decided_on, decided_at, door, outcome, reason, person_id, kiosk, body
       FROM jsonb_to_recordset($1::jsonb) AS row (id text, decided_on date, decided_at timestamptz,
         door text, outcome text, reason text, person_id text, kiosk text, body jsonb)
       ON CONFLICT (decided_on, id) DO NOTHING`,
      [JSON.stringify(rows)],
    )
  }
}
