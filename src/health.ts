import type { Health, PartState } from './admin/ports/health.js'
import type { BoardReadings } from './board-readings.js'
import type { Camera } from './capture/camera.js'
import type { LoopFault } from './door-loop.js'
import type { Health as BrokerHealth } from './events/messages.js'
import type { StateMessage } from './events/state-message.js'
import type { DoorControl } from './decision/door-control.js'
import type { Publisher } from './events/publisher.js'
import type { OpenedBroker } from './broker.js'
import type { LivenessMode } from './liveness/fusion.js'
import type { MetricSources } from './metrics.js'
import type { Recognition } from './recognition.js'
import type { StageLatencies } from './stage-latencies.js'
import type { Store } from './store/store.js'
import { version } from './version.js'
import type { Trouble } from './watchdogs/trouble.js'
import { WATCHDOGS } from './watchdogs/watchdogs.js'
import type { Troubles } from './watchdogs/watchdogs.js'

export interface HealthParts {
  readonly door: string
  readonly startedAtMs: number
  readonly camera: Camera
  readonly broker: OpenedBroker
  readonly publisher: Publisher
  readonly doorControl: DoorControl
  /** Messages from the broker that were refused, by reason. */
  readonly refusedMessages: () => Readonly<Record<string, number>>
  readonly store: Store
  readonly recognition: Recognition
  readonly modelIds: Readonly<Record<string, string>>
  readonly livenessMode: LivenessMode
  /** What keeps the door loop from deciding, if anything does. */
  readonly loopFault: () => LoopFault | undefined
  readonly troubles: () => Troubles
  /** What of the fleet is out of order, if the door is in one. */
  readonly fleetTrouble: () => Trouble | undefined
  readonly latencies: StageLatencies
  readonly board: () => BoardReadings
}

/** Whether any door can be opened by face now. */
function canGrant({ camera, loopFault, troubles, recognition }: HealthParts): boolean {
  const judges =
    camera.state.name === 'ready' && loopFault() === undefined && troubles().clock === undefined
  return judges && recognition.threshold() !== undefined
}

/** The daemon's state in one document, put together when asked. */
export function describeHealth(parts: HealthParts): Health {
  const { camera, broker, publisher, recognition } = parts
  const threshold = recognition.threshold()
  const brokerState = publisher.state()
  const troubles = parts.troubles()
  const isWell = Object.keys(troubles).length === 0
  const outbox = outboxOf(parts.store)
  const connected = brokerState.name === 'connected'
  return {
    status: !canGrant(parts) ? 'down' : connected && isWell ? 'ok' : 'degraded',
    version,
    door: parts.door,
    startedAtMs: parts.startedAtMs,
    camera: { description: camera.description, state: camera.state },
    broker: {
      description: broker.embedded ? `embedded, ${broker.url}` : broker.url,
      state: toPartState(brokerState),
      waiting: outbox?.pending ?? 0,
      outboxFill: outbox?.fill ?? 0,
      abandoned: outbox?.abandoned ?? 0,
      refused: parts.refusedMessages(),
    },
    line: describeLine(parts.loopFault()),
    watchdogs: Object.fromEntries(WATCHDOGS.map((name) => [name, describeLine(troubles[name])])),
    livenessMode: parts.livenessMode,
    models: parts.modelIds,
    gallery: {
      persons: recognition.gallery.personCount,
      templates: recognition.gallery.templateCount,
    },
    threshold:
      threshold === undefined ? null : { value: threshold.value, targetFpir: threshold.targetFpir },
    ...parts.board(),
    lockedDown: parts.doorControl.state().lockdown !== null,
    stages: parts.latencies.read(),
  }
}

/** What `…/state` says of camera, gallery and troubles. */
export function describeForState(
  parts: HealthParts,
): Pick<StateMessage, 'problem' | 'camera' | 'framesPerSecond' | 'enrolledPersons'> {
  const health = describeForBroker(parts)
  const { state } = parts.camera
  return {
    problem: health.state === 'degraded' ? health.cause.slice(0, 500) : null,
    camera: state.name === 'ready' ? 'online' : 'offline',
    framesPerSecond: state.name === 'ready' ? Math.round(state.framesPerSecond) : 0,
    enrolledPersons: parts.recognition.gallery.personCount,
  }
}

/** What the broker's status topic says of the daemon itself. */
export function describeForBroker(parts: HealthParts): BrokerHealth {
  const fault = parts.loopFault()
  if (fault !== undefined) return { state: 'degraded', ...fault }
  const { state } = parts.camera
  if (state.name === 'degraded') {
    return { state: 'degraded', cause: state.cause, cure: state.cure }
  }
  if (parts.recognition.threshold() === undefined) {
    const cause = 'no valid calibration for the encoder'
    return { state: 'degraded', cause, cure: 'run `genkan calibrate` or reinstall genkan' }
  }
  const trouble = Object.values(parts.troubles()).at(0) ?? parts.fleetTrouble()
  if (trouble !== undefined) return { state: 'degraded', ...trouble }
  return { state: 'online' }
}

function describeLine(fault: LoopFault | undefined): PartState {
  return fault === undefined ? { name: 'ready' } : { name: 'degraded', ...fault }
}

function toPartState(state: ReturnType<Publisher['state']>): PartState {
  switch (state.name) {
    case 'connecting':
      return { name: 'starting' }
    case 'connected':
      return { name: 'ready' }
    case 'degraded':
    case 'stopped':
      return state
  }
}

/** What the metrics read at each scrape. */
export function metricSources(parts: HealthParts): MetricSources {
  const outbox = () => outboxOf(parts.store)
  return {
    cameraReady: () => parts.camera.state.name === 'ready',
    brokerConnected: () => parts.publisher.state().name === 'connected',
    outboxPending: () => outbox()?.pending ?? Number.NaN,
    outboxOldestS() {
      const stats = outbox()
      if (stats === undefined) return Number.NaN
      return stats.oldestAtMs === null ? 0 : Math.max(0, Date.now() - stats.oldestAtMs) / 1000
    },
    outboxAbandoned: () => outbox()?.abandoned ?? Number.NaN,
    outboxFill: () => outbox()?.fill ?? Number.NaN,
    refusedMessages: () => parts.refusedMessages(),
    lockedDown: () => parts.doorControl.state().lockdown !== null,
    alarms: () => parts.doorControl.state().alarms.length,
    galleryPersons: () => parts.recognition.gallery.personCount,
    galleryTemplates: () => parts.recognition.gallery.templateCount,
    canGrant: () => canGrant(parts),
  }
}

/** A store that cannot be read shows as a fault of its own. */
function outboxOf(store: Store) {
  try {
    return store.outbox.stats()
  } catch {
    return undefined
  }
}
