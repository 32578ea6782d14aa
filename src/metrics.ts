import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client'
import type { Decision } from './decision/decision.js'
import type { StageTimes } from './line.js'

/** What is asked for at each scrape, so that nothing has to be kept up to date for it. */
export interface MetricSources {
  readonly cameraReady: () => boolean
  readonly brokerConnected: () => boolean
  readonly outboxPending: () => number
  /** Seconds that the oldest undelivered decision has waited. */
  readonly outboxOldestS: () => number
  /** Decisions ever given up undelivered; above zero wants somebody's attention. */
  readonly outboxAbandoned: () => number
  /** Share of the outbox's bound by size, 0..1. */
  readonly outboxFill: () => number
  /** Messages from the broker that were refused, by reason. */
  readonly refusedMessages: () => Readonly<Record<string, number>>
  readonly lockedDown: () => boolean
  readonly alarms: () => number
  readonly galleryPersons: () => number
  readonly galleryTemplates: () => number
  /** Whether the door can be granted at this moment. */
  readonly canGrant: () => boolean
}

/** Watchdogs as the label `watchdog` names them. */
export type WatchdogName = 'stage' | 'clock' | 'memory' | 'loop' | 'files' | 'store'

/** Counters and gauges of a running daemon, in the text format of Prometheus; names no person. */
export interface Metrics {
  readonly registry: Registry
  countDecision(decision: Decision): void
  countGrant(outcome: 'sent' | 'refused' | 'unconfirmed'): void
  observeFrame(stages: StageTimes): void
  /** A watchdog found its part out of order. */
  countTrip(watchdog: WatchdogName): void
  /** Adds the gauges that are read at each scrape. */
  connect(sources: MetricSources): void
}

const STAGE_BUCKETS_S = [0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 3]

/** Makes a registry of its own, so that several daemons in one process do not meet in it. */
export function createMetrics(): Metrics {
  const registry = new Registry()
  const registers = [registry]
  collectDefaultMetrics({ register: registry })
  const decisions = new Counter({
    name: 'genkan_decisions_total',
    help: 'Decisions recorded, by outcome and reason.',
    labelNames: ['outcome', 'reason'],
    registers,
  })
  const grants = new Counter({
    name: 'genkan_grants_total',
    help: 'Grants, by what became of them.',
    labelNames: ['outcome'],
    registers,
  })
  const frames = new Counter({
    name: 'genkan_frames_judged_total',
    help: 'Frames judged to their end.',
    registers,
  })
  const stageTimes = new Histogram({
    name: 'genkan_stage_seconds',
    help: 'Time of one frame in a stage, where the stage ran.',
    labelNames: ['stage'],
    buckets: STAGE_BUCKETS_S,
    registers,
  })
  const trips = new Counter({
    name: 'genkan_watchdog_trips_total',
    help: 'How often a watchdog found its part out of order.',
    labelNames: ['watchdog'],
    registers,
  })

  return {
    registry,
    countDecision(decision) {
      const reason = decision.outcome === 'denied' ? decision.reason : ''
      decisions.inc({ outcome: decision.outcome, reason })
    },
    countGrant: (outcome) => grants.inc({ outcome }),
    observeFrame(stages) {
      frames.inc()
      for (const [name, ms] of Object.entries(stages)) {
        if (typeof ms !== 'number' || ms <= 0) continue
        stageTimes.observe({ stage: name.replace(/Ms$/, '') }, ms / 1000)
      }
    },
    countTrip: (watchdog) => trips.inc({ watchdog }),
    connect(sources) {
      new Gauge({
        name: 'genkan_refused_messages',
        help: 'Messages from the broker that were refused since start, by reason.',
        labelNames: ['reason'],
        registers,
        collect() {
          for (const [reason, count] of Object.entries(sources.refusedMessages())) {
            this.set({ reason }, count)
          }
        },
      })
      const gauges: readonly (readonly [string, string, () => number])[] = [
        ['genkan_camera_ready', 'Whether pictures come.', () => Number(sources.cameraReady())],
        [
          'genkan_broker_connected',
          'Whether the broker is reached.',
          () => Number(sources.brokerConnected()),
        ],
        [
          'genkan_can_grant',
          'Whether the door can be granted now.',
          () => Number(sources.canGrant()),
        ],
        ['genkan_outbox_pending', 'Decisions not yet acknowledged.', sources.outboxPending],
        ['genkan_outbox_oldest_seconds', 'Age of the oldest of them.', sources.outboxOldestS],
        ['genkan_outbox_abandoned', 'Decisions given up undelivered.', sources.outboxAbandoned],
        [
          'genkan_outbox_fill',
          'Share of the bound by size; at 1 the oldest go.',
          sources.outboxFill,
        ],
        ['genkan_locked_down', 'Whether nobody is let in.', () => Number(sources.lockedDown())],
        ['genkan_door_alarms', 'Alarms of the door contact that last.', sources.alarms],
        ['genkan_gallery_persons', 'K, persons enrolled and active.', sources.galleryPersons],
        ['genkan_gallery_templates', 'Templates searched.', sources.galleryTemplates],
      ]
      for (const [name, help, read] of gauges) {
        new Gauge({
          name,
          help,
          registers,
          collect() {
            this.set(read())
          },
        })
      }
    },
  }
}
