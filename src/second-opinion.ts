import type { Config } from './config/schema.js'
import { parseSiameseRecord, siameseHeadOf } from './learning/siamese-record.js'
import { siameseProbability } from './learning/siamese.js'
import type { ModelIdentity } from './matching/calibration.js'
import type { Store } from './store/store.js'

/** What the siamese head says of a claim that the distance lets through. */
export interface Opinion {
  /** That probe and claimed person are one, where both are as likely. */
  readonly probability: number
  readonly agrees: boolean
}

/**
 * A second opinion in 1:1. It is monotone: whatever it says, it never lets through what the threshold
 * refuses.
 */
export type SecondOpinion =
  | { readonly mode: 'off' }
  | {
      readonly mode: 'advise' | 'refuse'
      /** @param encodings of the claimed person's templates, made at enrolment */
      readonly judge: (probe: Float32Array, encodings: readonly Float32Array[]) => Opinion
    }
  /** It was asked for, but there is none for this encoder: then no claim is let through. */
  | { readonly mode: 'missing' }

/**
 * The second opinion that configuration and store ask for.
 * @param model the encoder in use
 * @throws LearntRecordError for a record that cannot be read
 */
export function openSecondOpinion(
  { secondOpinion: mode }: Config['matching'],
  store: Pick<Store, 'learntHeads'>,
  model: ModelIdentity,
): SecondOpinion {
  if (mode === 'off') return { mode }
  const row = store.learntHeads.inForce('siamese')
  const record = row && parseSiameseRecord(row.body)
  if (record?.model.id !== model.id || record.model.sha256 !== model.sha256) {
    return mode === 'refuse' ? { mode: 'missing' } : { mode: 'off' }
  }
  const head = siameseHeadOf(record)
  return {
    mode,
    judge(probe, encodings) {
      const probability = Math.max(
        ...encodings.map((encoding) => siameseProbability(head, probe, encoding)),
      )
      return { probability, agrees: probability >= record.refuseBelow }
    },
  }
}
