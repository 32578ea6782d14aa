import type { Groups } from '../store/groups.js'
import type { AuditPort } from './ports/audit.js'
import type { Awaitable } from './ports/awaitable.js'
import type { BackupsPort } from './ports/backups.js'
import type { ConsentsPort } from './ports/consents.js'
import type { DecisionsPort } from './ports/decisions.js'
import type { DoorPort } from './ports/door.js'
import type { FacesPort } from './ports/faces.js'
import type { FleetPort } from './ports/fleet.js'
import type { Health } from './ports/health.js'
import type { IdempotencyPort } from './ports/idempotency.js'
import type { LivePort } from './ports/live.js'
import type { PersonsPort } from './ports/persons.js'
import type { PurgeReport } from './ports/purge.js'
import type { RecognitionPort } from './ports/recognition.js'
import type { KioskSettings, SettingsPort } from './ports/settings.js'
import type { SessionsPort, TokensPort } from './ports/sign-in.js'
import type { DisplayPort, StylePort } from './ports/style.js'

/** All that the admin API needs of the rest of genkan. */
export interface AdminPorts {
  readonly persons: PersonsPort
  readonly faces: FacesPort
  readonly recognition: RecognitionPort
  readonly decisions: DecisionsPort
  readonly live: LivePort
  readonly tokens: TokensPort
  readonly sessions: SessionsPort
  readonly audit: AuditPort
  readonly groups: Groups
  readonly door: DoorPort
  readonly fleet: FleetPort
  readonly consents: ConsentsPort
  readonly settings: SettingsPort
  readonly backups: BackupsPort
  kiosk(): KioskSettings
  /** Removes what is beyond its time, persons included; audited. */
  purge(dryRun: boolean, actor: string): Promise<PurgeReport>
  /** In the text format of Prometheus. */
  metrics(): Awaitable<{ readonly type: string; readonly text: string }>
  readonly idempotency: IdempotencyPort
  readonly style: StylePort
  readonly display: DisplayPort
  health(): Health
}
