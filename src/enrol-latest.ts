import type { EnrolmentService } from './enrolment.js'
import type { CommandResult } from './events/command-messages.js'
import type { LiveView } from './live-view.js'
import type { Store } from './store/store.js'

/** Enrols whoever stands before the camera now, as a command over MQTT asks. */
export async function enrolLatest(
  parts: {
    readonly store: Store
    readonly live: LiveView
    readonly enrolment: EnrolmentService
  },
  personId: string,
  by: string,
): Promise<CommandResult> {
  const refuse = (reason: string, detail: string): CommandResult => ({
    outcome: 'refused',
    reason,
    detail,
  })
  if (parts.store.persons.get(personId) === undefined) {
    return refuse('no-such-person', 'create the person first')
  }
  const frame = parts.live.latestFrame()
  if (frame === undefined) return refuse('unavailable', 'the camera has given no picture yet')
  const result = await parts.enrolment.fromImage(personId, frame.image, {
    source: 'camera',
    actor: by,
  })
  switch (result.outcome) {
    case 'enrolled':
      parts.live.showSystemChange()
      return { outcome: 'enrolled', faceId: result.templateId, quality: result.quality }
    case 'same-as-person':
      return refuse('same-as-person', result.detail)
    case 'rejected':
      return refuse(result.reason, result.detail)
  }
}
