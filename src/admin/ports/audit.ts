import type { AuditEntry, AuditVerdict } from '../../store/audit.js'
import type { Awaitable } from './awaitable.js'
import type { Page, PageQuery } from './page.js'

/** An audit entry with the name of the token that did it, while there is such a token. */
export interface NamedAuditEntry extends AuditEntry {
  readonly actorName: string | null
}

/** Who did what. */
export interface AuditPort {
  /** Newest first. */
  list(query: PageQuery): Awaitable<Page<NamedAuditEntry>>
  verify(): Promise<AuditVerdict>
}
