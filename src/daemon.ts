import type { Logger } from 'pino'
import { createAdminPorts } from './admin-ports.js'
import { openAdmittedGroups } from './admitted-groups.js'
import { createBoardReadings } from './board-readings.js'
import { openBroker } from './broker.js'
import type { Config } from './config/schema.js'
import { interruptedDecision } from './decision/open-attempt.js'
import { judgeAccess } from './decision/policy.js'
import type { WeeklySchedule } from './decision/schedule.js'
import { createDecisionRecorder } from './decision-recorder.js'
import { runDoorLoop } from './door-loop.js'
import type { LoopFault } from './door-loop.js'
import { openDoorRecognition } from './door-recognition.js'
import type { Health } from './events/messages.js'
import type { Publisher } from './events/publisher.js'
import {
  createPictureEncoder,
  encoderIdOf,
  encoderOfFleet,
  startEncoderRollout,
} from './encoder-rollout.js'
import { enrolLatest } from './enrol-latest.js'
import { createEnrolmentService } from './enrolment.js'
import { openFleetDesk } from './fleet-desk.js'
import { describeForBroker, describeForState, describeHealth, metricSources } from './health.js'
import type { HealthParts } from './health.js'
import { encoderInForce } from './learnt-encoder.js'
import { createLiveSettings } from './live-settings.js'
import type { LiveSettings } from './live-settings.js'
import { adviceOn } from './liveness/pad-calibration.js'
import type { Eyes } from './eyes.js'
import { createMetrics } from './metrics.js'
import type { Metrics } from './metrics.js'
import type { SideThread } from './models/side-thread.js'
import { openConsole } from './open-console.js'
import { openDoor } from './open-door.js'
import { openLine } from './open-line.js'
import { createRecentProbes } from './recent-probes.js'
import { createStageLatencies } from './stage-latencies.js'
import { loadStages } from './stages.js'
import type { Stages } from './stages.js'
import type { Store } from './store/store.js'
import { openStore } from './store/store.js'
import { openStyleDesk } from './style-desk.js'
import { calibrationPath } from './threshold-source.js'
import { outboxBoundOf, storeOptionsOf } from './store-options.js'
import { monotonicFactory } from 'ulid'
import { startUpkeep } from './upkeep.js'
import { createClockWatch } from './watchdogs/clock-watch.js'
import { watchLoadedFiles } from './watchdogs/loaded-files.js'
import { withStageDeadline } from './watchdogs/stage-deadline.js'
import { startWatchdogs } from './watchdogs/watchdogs.js'

export interface DaemonOptions {
  readonly config: Config
  readonly log: Logger
  /**
   * Told after each frame that was really judged, and while the loop waits for a camera or a store that
   * is said to be out of order; feeds the watchdog.
   */
  readonly onAlive: () => void
  /** Told what is being started, such as `loading the models`. */
  readonly onStarting?: (what: string) => void
  /** Told how the daemon is, at each change. */
  readonly onHealth?: (health: Health) => void
  /** Somebody starts the daemon anew when it asks for it. */
  readonly isSupervised?: boolean
}

/** A running daemon. */
export interface Daemon {
  readonly consoleUrl: string
  readonly brokerUrl: string
  /** The console's token, in the clear, at the very first start only. */
  readonly newToken: string | undefined
  readonly metrics: Metrics
  /** Resolves with the reason when only a new process can help. */
  readonly restartWanted: Promise<string>
  /** Resolves when the door loop ends, because of {@link Daemon.stop} or of a fault. */
  readonly ended: Promise<void>
  /** Ends and records what is open, hands over what waits, frees everything. */
  stop(): Promise<void>
}

/** How long a stop waits for the broker to take what is still in the outbox. */
const DRAIN_MS = 1500
const RETRY_STORE_MS = 1000

/** What is read once, at the start. */
function loadedPaths(config: Config['matching'], nets: Stages['nets']): string[] {
  const models = Object.values(nets).flatMap((net) => [net.manifestPath, net.modelPath])
  return [...models, calibrationPath(config, nets.encoder.manifest.id)]
}

/**
 * Wires every part to the door's eyes and runs the door.
 * @param side where some of the nets run
 * @throws StoreError, ModelError, BrokerFault or Error, each with its cure, before any door can open
 */
export async function openDaemon(
  options: DaemonOptions,
  eyes: Eyes,
  side?: SideThread,
): Promise<Daemon> {
  const { log, onAlive, onStarting = () => undefined } = options
  const { camera, live } = eyes
  onStarting('opening the store')
  const store = openStore({
    ...storeOptionsOf(options.config.store, 'daemon'),
    outboxBound: outboxBoundOf(options.config.mqtt.outbox),
  })
  const { restored } = store.info
  if (restored) log.warn(restored, 'a backup was restored; the database of before is kept aside')
  store.audit.append({ actor: 'system', action: 'daemon.start' })
  log.info({ audit: store.audit.head() }, 'audit')
  const newToken =
    store.adminTokens.list().length === 0
      ? (await store.adminTokens.create({ label: 'console', role: 'admin' }, 'daemon')).text
      : undefined
  onStarting('loading the models')
  const rolled = encoderOfFleet(options.config, store)
  if (rolled.hindrance !== undefined)
    log.warn({ encoder: rolled.hindrance }, 'a roll-out waits here')
  const { config, current, headId, ignored } = encoderInForce(rolled.config, store)
  if (ignored !== undefined) log.warn(ignored)
  const stages = await loadStages(config.models, config.liveness, side)
  const padAdvice = adviceOn(stages.pad)
  if (padAdvice !== undefined) log.warn(`${padAdvice}; run \`genkan calibrate pad\``)
  recordInterrupted()
  const settings = createLiveSettings(store.settings, config)
  const groups = openAdmittedGroups(config, store)
  const recentProbes = createRecentProbes(() => performance.now())
  const { recognition, ageing, identify } = openDoorRecognition({
    config,
    store,
    encoder: stages.nets.encoder,
    modelId: stages.encoder.modelId,
    current,
    targetFpir: () => settings.values().targetFpir,
    groups,
    recentProbes,
    log,
  })
  const metrics = createMetrics()
  onStarting('opening the line to the broker')
  const latencies = createStageLatencies()
  const broker = await openBroker(config.mqtt)
  if (broker.warning !== undefined) log.warn(broker.warning)
  if (config.liveness.mode === 'texture') {
    log.warn('liveness.mode is texture: no sign of life is asked for; only for a manned door')
  }
  /** What a process that was killed left undecided, before anything else is decided. */
  function recordInterrupted(): void {
    const left = store.openAttempts.left()
    if (left === undefined) return
    const found = { decidedAtMs: Date.now(), models: stages.modelIds }
    const { decision } = store.decisions.record(interruptedDecision(left, found))
    log.warn(
      { decision: decision.id, outcome: 'denied', reason: 'fault', startedAt: left.startedAt },
      'decision',
    )
  }
  const enrolment = createEnrolmentService({
    store,
    recognition,
    readEnrolment: stages.readEnrolment,
  })
  let wantRestart: (why: string) => void = () => undefined
  const restartWanted = new Promise<string>((resolve) => {
    wantRestart = resolve
  })
  /** Where nobody starts the daemon anew, it only says so. */
  function wantOrAdviseRestart(why: string): void {
    if (options.isSupervised) wantRestart(why)
    else log.warn(why)
  }
  const rollout = startEncoderRollout({
    config: options.config,
    store,
    running: encoderIdOf(rolled.config.models.encoder),
    pictures: createPictureEncoder(config.models),
    onWanted: wantOrAdviseRestart,
    onTrouble: (error, template) =>
      log.error({ err: error, template }, 'a picture could not be shown to another encoder'),
  })
  const fleet = await openFleetDesk({
    config,
    store,
    recognition,
    current,
    recentProbes,
    live,
    log,
    modelIds: stages.modelIds,
    groups,
    rollout,
  })
  const door = openDoor({
    config,
    store,
    broker,
    describeState: () => describeForState(parts),
    enrolFromCamera: (personId, by) => enrolLatest({ store, live, enrolment }, personId, by),
    reload: () => recognition.reload(),
    listeners: fleet.listeners,
    onBrokerState(state) {
      log.info({ broker: state }, 'broker')
      live.showSystemChange()
    },
    onAbandoned: (count) => log.error({ count }, 'undelivered decisions were given up'),
    onTrouble: (what, details) => log.error(details, what),
  })
  const { publisher } = door

  const clock = createClockWatch({
    wallMs: Date.now,
    monotonicMs: () => performance.now(),
    onJump: noteJump,
  })
  const watchdogs = startWatchdogs({
    clock,
    files: watchLoadedFiles(loadedPaths(config.matching, stages.nets)),
    memoryLimitMb: config.watchdog.memoryLimitMb,
    onTrip(watchdog, trouble) {
      metrics.countTrip(watchdog)
      log.error({ watchdog, ...trouble }, 'a watchdog found trouble')
      live.showSystemChange()
    },
    onRestart: wantRestart,
  })

  /** On record, because decisions carry the clock's time. */
  function noteJump(byMs: number): void {
    try {
      store.audit.append({
        actor: 'system',
        action: 'clock.jump',
        subjectId: `${Math.round(byMs)} ms`,
      })
    } catch (error) {
      log.error({ err: error, byMs }, 'the clock jumped, which could not be written down')
    }
  }

  let loopFault: LoopFault | undefined
  const parts: HealthParts = {
    door: config.door.id,
    startedAtMs: Date.now(),
    camera,
    broker,
    publisher,
    doorControl: door.keeper,
    refusedMessages: () => door.refusals(),
    store,
    recognition,
    modelIds: stages.modelIds,
    livenessMode: config.liveness.mode,
    loopFault: () => loopFault,
    troubles: () => watchdogs.troubles(),
    fleetTrouble: () => fleet.trouble(),
    latencies,
    board: createBoardReadings(store.info.path, () => performance.now()),
  }
  fleet.start(publisher, () => describeForBroker(parts))
  // A display that says "look here" at a locked door sends people the wrong way.
  door.keeper.subscribe(({ kind }) => {
    if (kind === 'lockdown') live.showSystemChange()
  })
  metrics.connect(metricSources(parts))

  const record = createDecisionRecorder({
    store,
    door,
    recentProbes,
    ageing,
    metrics,
    live,
    log,
  })
  const desk = openStyleDesk({ config, store, live, log })
  const stopping = new AbortController()
  const line = withStageDeadline(
    desk.giveWay(openLine(stages, withSettings(config, settings), identify)),
    {
      deadlineMs: config.watchdog.stageDeadlineMs,
      async warm() {
        for (const net of Object.values(stages.nets)) await net.warm()
      },
      onTrip: () => metrics.countTrip('stage'),
      onHang: wantRestart,
    },
  )
  const newId = monotonicFactory()
  const ended = runDoorLoop(
    {
      camera,
      line,
      describe: () => ({
        door: config.door.id,
        threshold: recognition.threshold()?.value ?? 0,
        galleryPersons: recognition.gallery.personCount,
        models: stages.modelIds,
        findPerson: (id) => store.persons.get(id),
        refusesEntry: (id) => door.refusesEntry(id),
        judgeAccess: (person) =>
          judgeAccess(
            person,
            {
              scheduleOf: (group) => scheduleOf(store, group),
              lockdown: door.keeper.state().lockdown !== null,
              doorGroups: groups(),
            },
            Date.now(),
          ),
      }),
      newId: () => newId(),
      begin: (attempt) => store.openAttempts.begin({ ...attempt, door: config.door.id }),
      nowMs: Date.now,
      monotonicMs: () => performance.now(),
      record,
      onFrame: live.showFrame,
      onJudgement(judgement) {
        live.showJudgement(judgement)
        metrics.observeFrame(judgement.stages)
        const wholeMs = performance.now() - judgement.frame.monotonicMs
        latencies.observe({ ...judgement.stages, wholeMs })
        onAlive()
      },
      withhold: () => clock.check() ?? fleet.withhold(),
      onWaiting: onAlive,
      onFault(fault) {
        if (fault?.cause !== loopFault?.cause) {
          if (fault) log.error(fault, 'the door cannot decide')
          else log.info('the door decides again')
          live.showSystemChange()
        }
        loopFault = fault
      },
      frameTimeoutMs: config.camera.stallTimeoutMs,
      retryMs: RETRY_STORE_MS,
    },
    stopping.signal,
  )
  const ports = createAdminPorts({
    store,
    recognition,
    enrolment,
    readProbe: stages.readProbe,
    recentProbes,
    live,
    settings,
    cooldownMs: config.decision.cooldownMs,
    registry: metrics.registry,
    door: { name: config.door.name, ...door.keeper },
    fleet,
    style: desk.style,
    display: desk.display,
    nowMs: Date.now,
    health: () => describeHealth(parts),
  })
  const upkeep = startUpkeep({
    store,
    door,
    desk,
    settings,
    recognition,
    live,
    clock,
    purge: (isDryRun, by) => ports.purge(isDryRun, by),
    describeHealth: () => describeForBroker(parts),
    onHealth: options.onHealth,
    headId,
    headIsNoted: ignored !== undefined,
    onNewHead: wantOrAdviseRestart,
    log,
  })

  async function stopDoor(): Promise<void> {
    upkeep.stopLooking()
    desk.stop()
    watchdogs.stop()
    stopping.abort()
    await ended
    await camera.stop()
    door.stop()
    await fleet.stop()
    await rollout.stop()
    await drain(publisher, store.outbox)
    await publisher.stop()
    await broker.close()
  }

  /** A stop of which the store can take no note is a stop all the same. */
  function closeStore(): void {
    upkeep.stop()
    try {
      store.audit.append({ actor: 'system', action: 'daemon.stop' })
      log.info({ audit: store.audit.head() }, 'audit')
    } catch (error) {
      log.error({ err: error }, 'the stop could not be written down')
    }
    store.close()
  }

  onStarting('opening the console')
  try {
    const server = await openConsole(ports, config.admin, store.info.path, log)
    return {
      consoleUrl: server.url,
      brokerUrl: broker.url,
      newToken,
      metrics,
      restartWanted,
      ended,
      async stop() {
        await stopDoor()
        await server.stop()
        closeStore()
      },
    }
  } catch (error) {
    await stopDoor()
    closeStore()
    throw error
  }
}

/** Waits a moment for the broker to take what is still in the outbox. */
async function drain(publisher: Publisher, outbox: Store['outbox']): Promise<void> {
  const deadlineMs = performance.now() + DRAIN_MS
  publisher.notify()
  while (
    publisher.state().name === 'connected' &&
    outbox.stats().pending > 0 &&
    performance.now() < deadlineMs
  ) {
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

/** What is set at the desk and takes effect at a start. */
function withSettings(config: Config, settings: LiveSettings): Config {
  const { askAfterMs } = settings.values()
  return { ...config, liveness: { ...config.liveness, askAfterMs } }
}

/** A group that is gone, though somebody is in it, is a fault: it must not open the door. */
function scheduleOf(store: Pick<Store, 'groups'>, group: string): WeeklySchedule | null {
  const found = store.groups.schedule(group)
  if (found === undefined) throw new Error(`there is no group ${group}`)
  return found.schedule
}
