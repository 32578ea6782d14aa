import type { Logger } from 'pino'
import type { TemplateAgeing } from './age-templates.js'
import type { Decision } from './decision/decision.js'
import type { LiveView } from './live-view.js'
import type { Metrics } from './metrics.js'
import type { OpenedDoor } from './open-door.js'
import type { RecentProbes } from './recent-probes.js'
import type { Store } from './store/store.js'

export interface DecisionRecorderParts {
  readonly store: Pick<Store, 'decisions'>
  readonly door: OpenedDoor
  readonly recentProbes: RecentProbes
  readonly ageing: TemplateAgeing
  readonly metrics: Metrics
  readonly live: LiveView
  readonly log: Logger
}

/**
 * Writes a decision down, then tells of it: to the relay, the broker, the display, metrics and log.
 * @returns a function that throws StoreError, and then nobody was told and no door opens
 */
export function createDecisionRecorder(
  parts: DecisionRecorderParts,
): (decision: Decision, trackId: number | undefined) => void {
  const { store, door, recentProbes, ageing, metrics, live, log } = parts
  const { publisher } = door

  /** Beside the door's way: whatever fails here has no part in the decision. */
  function age(decisionId: string, personId: string): void {
    ageing.granted(decisionId, personId).then(
      (verdict) => {
        if (verdict !== undefined) log.info({ decision: decisionId, ageing: verdict }, 'ageing')
      },
      (error: unknown) => {
        log.error({ err: error, decision: decisionId }, 'a template could not be proposed')
      },
    )
  }

  function announce(
    decision: Decision,
    grantSequence: number | null,
    trackId: number | undefined,
  ): void {
    if (grantSequence !== null && door.keeper.state().lockdown === null) {
      void publisher.sendGrant({ decision, sequence: grantSequence }).then((result) => {
        metrics.countGrant(result.outcome)
        log.info({ decision: decision.id, grant: result }, 'grant')
      })
    }
    publisher.notify()
    door.follow(decision)
    metrics.countDecision(decision)
    live.showDecision(decision, trackId)
    const reason = decision.outcome === 'denied' ? decision.reason : undefined
    log.info({ decision: decision.id, outcome: decision.outcome, reason }, 'decision')
  }

  return (decision, trackId) => {
    const { grantSequence } = store.decisions.record(decision)
    if (decision.outcome === 'granted') {
      recentProbes.granted(decision.id, decision.person.id)
      age(decision.id, decision.person.id)
    }
    try {
      announce(decision, grantSequence, trackId)
    } catch (error) {
      // It is on disk and in the outbox: only its showing failed, so it must not be decided again.
      log.error({ err: error, decision: decision.id }, 'a decision could not be announced')
    }
  }
}
