import type { FleetSecrets } from './membership.js'
import type { Connection } from './postgres.js'
import { inTransaction } from './postgres.js'
import type { RecordRow } from './sealed-record.js'
import { openRecord, sealRecord } from './sealed-record.js'

const ROWS_A_TURN = 200

/**
 * Seals with the newest key what the record still holds under older ones, so that a removed kiosk's key
 * opens nothing any more. Content, version and place stay. Goes on where it was cut.
 * @returns how many rows were sealed anew, and how many could not be opened
 */
export async function resealRecords(
  client: Connection,
  secrets: FleetSecrets,
): Promise<{ readonly resealed: number; readonly unreadable: number }> {
  let resealed = 0
  let unreadable = 0
  let after = -1
  for (;;) {
    const count = await inTransaction(client, async () => {
      const { rows } = await client.query<RecordRow>(
        `SELECT * FROM fleet_record WHERE generation < $1 AND seq > $2 ORDER BY seq LIMIT $3
         FOR UPDATE`,
        [secrets.generation(), after, ROWS_A_TURN],
      )
      for (const row of rows) {
        const record = openRecord(secrets, row)
        if ('unreadable' in record) {
          unreadable++
          continue
        }
        const { ciphertext, generation } = sealRecord(secrets, { ...record, author: row.author })
        await client.query(
          'UPDATE fleet_record SET ciphertext = $2, generation = $3 WHERE subject = $1',
          [row.subject, ciphertext, generation],
        )
        resealed++
      }
      after = Number(rows.at(-1)?.seq ?? after)
      return rows.length
    })
    if (count < ROWS_A_TURN) return { resealed, unreadable }
  }
}
