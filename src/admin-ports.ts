import type { AdminPorts, Health } from './admin/ports.js'
import { createDecisionsPort } from './decisions-port.js'
import type { PictureReader } from './encoding/read-picture.js'
import type { EnrolmentService } from './enrolment.js'
import type { LiveView } from './live-view.js'
import { createPeoplePorts } from './people-port.js'
import type { RecentProbes } from './recent-probes.js'
import { createRecognitionPort } from './recognition-port.js'
import type { Recognition } from './recognition.js'
import type { Store } from './store/store.js'

export interface AdminPortParts {
  readonly store: Store
  readonly recognition: Recognition
  readonly enrolment: EnrolmentService
  readonly readProbe: PictureReader
  readonly recentProbes: RecentProbes
  readonly live: LiveView
  readonly health: () => Health
  /** Wall clock. */
  readonly nowMs: () => number
}

/** Gives the admin API what it asks for out of store, gallery and live view. */
export function createAdminPorts(parts: AdminPortParts): AdminPorts {
  const { store, live } = parts

  return {
    ...createPeoplePorts(parts),
    recognition: createRecognitionPort(parts),
    decisions: createDecisionsPort(parts),
    live,
    tokens: {
      async verify(text) {
        const token = await store.adminTokens.verify(text)
        return token && { id: token.id, name: token.label, role: token.role }
      },
    },
    sessions: {
      begin: ({ id, role }) => store.sessions.create(id, role),
      verify(text) {
        const session = store.sessions.verify(text)
        const token = session && store.adminTokens.get(session.tokenId)
        return token && { id: token.id, name: token.label, role: token.role, sessionId: session.id }
      },
      end({ id, sessionId }) {
        if (sessionId !== undefined) store.sessions.end(sessionId, `token:${id}`)
      },
    },
    idempotency: store.idempotency,
    health: parts.health,
  }
}
