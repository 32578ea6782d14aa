import type { RetentionReport } from '../../store/retention.js'

/** What a purge removed, or would remove. */
export interface PurgeReport extends RetentionReport {
  /** Whose own retention date is over. */
  readonly persons: number
}
