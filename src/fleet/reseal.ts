import type { Replica } from '../store/replica/replica.js'
import type { FleetSecrets } from './membership.js'
import type { Connection } from './postgres.js'
import { inTransaction } from './postgres.js'
import type { RecordRow } from './sealed-record.js'
import { openRecord, sealRecord } from './sealed-record.js'

const ROWS_A_TURN = 200

/**
 * Seals with the newest key what the record still holds under older ones, so that a removed kiosk's key
 * opens nothing any more. Only what this kiosk knows to be so: anything else may have been written with
 * the old key by whoever was removed. Content, version and place stay. Goes on where it was cut.
 * @param whose `own`: only what this kiosk wrote
 * @returns how many rows were sealed anew, and how many were left as they are: not known here, or
 * pictures, which only the kiosk that took them knows
 */
export async function resealRecords(
  client: Connection,
  secrets: FleetSecrets,
  replica: Pick<Replica, 'knows'>,
  whose: 'own' | 'all' = 'all',
): Promise<{ readonly resealed: number; readonly left: number }> {
  let resealed = 0
  let left = 0
  const author = whose === 'own' ? secrets.membership().kiosk : null
  let after = -1
  for (;;) {
    const count = await inTransaction(client, async () => {
      const { rows } = await client.query<RecordRow>(
        `SELECT * FROM fleet_record
         WHERE generation < $1 AND seq > $2 AND ($4::text IS NULL OR author = $4)
         ORDER BY seq LIMIT $3 FOR UPDATE`,
        [secrets.generation(), after, ROWS_A_TURN, author],
      )
      for (const row of rows) {
        const record = openRecord(secrets, row)
        // That a picture is gone may be believed of anybody: whoever can write could just delete it.
        const isGonePicture = row.kind === 'picture' && row.deleted
        if ('unreadable' in record || !(isGonePicture || replica.knows(record))) {
          left++
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
    if (count < ROWS_A_TURN) return { resealed, left }
  }
}
