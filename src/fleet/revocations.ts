import { z } from 'zod'

import { revocationMessageSchema } from '../events/messages.js'
import type { RevocationMessage } from '../events/messages.js'
import { topicPrefixSchema } from '../events/topics.js'
import type { Announcement, Replica } from '../store/replica/replica.js'
import { isSignedBy, signText } from './identity.js'
import type { FleetSecrets } from './membership.js'

/** What is signed: that a person is admitted no more. */
const statementSchema = z.strictObject({
  fleet: z.ulid(),
  kiosk: z.ulid(),
  /** 1, 2, 3, … of the kiosk; a number that is not new is not taken. */
  sequence: z.int().positive(),
  personId: z.ulid(),
  /** Which edit of the kiosk it is: a record that has it takes the revocation's place. */
  edit: z.int().positive(),
})

const MAX_BYTES = 2048

/** Where a fleet's revocations go. @throws ZodError for a prefix that can't stand in a topic */
export const revocationTopic = (prefix: string, fleet: string): string =>
  `${topicPrefixSchema.parse(prefix)}/fleet/${fleet}/revocation`

/** An announcement as it goes out. */
export function revocationMessage(secrets: FleetSecrets, told: Announcement): string {
  const { fleet, kiosk } = secrets.membership()
  const statement = JSON.stringify({ fleet, kiosk, ...told })
  const signature = signText(secrets.kioskKeys(), statement).toString('base64')
  return JSON.stringify({ statement, signature })
}

/** What became of a message on the topic. */
export type Hearing =
  | { readonly outcome: 'applied'; readonly personId: string }
  | { readonly outcome: 'own' | 'replayed' | 'not-valid' | 'another-fleet' | 'not-trusted' }

/**
 * Judges a message and takes what it says: valid, of this fleet, signed by a kiosk that is trusted here
 * and was not removed, and with a number that is new.
 */
export function hearRevocation(
  secrets: FleetSecrets,
  replica: Pick<Replica, 'hear'>,
  payload: Buffer,
): Hearing {
  if (payload.length > MAX_BYTES) return { outcome: 'not-valid' }
  let message: RevocationMessage
  let statement: z.output<typeof statementSchema>
  try {
    message = revocationMessageSchema.parse(JSON.parse(payload.toString('utf8')))
    statement = statementSchema.parse(JSON.parse(message.statement))
  } catch {
    return { outcome: 'not-valid' }
  }
  const { fleet, kiosk } = secrets.membership()
  if (statement.fleet !== fleet) return { outcome: 'another-fleet' }
  if (statement.kiosk === kiosk) return { outcome: 'own' }
  const by = secrets.members().find(({ id }) => id === statement.kiosk)
  const signature = Buffer.from(message.signature, 'base64')
  if (
    by === undefined ||
    by.removed ||
    !isSignedBy(Buffer.from(by.signKey, 'base64'), message.statement, signature)
  ) {
    return { outcome: 'not-trusted' }
  }
  const { sequence, personId, edit } = statement
  const outcome = replica.hear(by.id, { sequence, personId, edit })
  return outcome === 'applied' ? { outcome, personId } : { outcome }
}
