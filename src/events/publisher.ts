import { createBackOff, pause } from './back-off.js'
import { createBell } from './bell.js'
import { createBoundGate } from './bound-gate.js'
import { BrokerFault, explainError } from './broker-fault.js'
import type { BrokerOptions } from './broker-options.js'
import type { BrokerSession, OutgoingMessage } from './broker-session.js'
import { drainOutbox, type OutboxSource } from './drain.js'
import { createGrantSender, type GrantRequest, type GrantResult } from './grant.js'
import { MAX_GRANT_LIFE_MS, type Health, type StatusMessage } from './messages.js'
import { matchesFilter, type IncomingMessage, type Listener } from './subscriptions.js'
import { doorTopics, type DoorTopics } from './topics.js'

/** How the line to the broker stands. */
export type PublisherState =
  | { readonly name: 'connecting' }
  | { readonly name: 'connected' }
  /** No line, or one on which the broker refuses decisions; tried again by itself. */
  | { readonly name: 'degraded'; readonly cause: string; readonly cure: string }
  | { readonly name: 'stopped' }

/** Counts since start, for metrics. */
export interface PublisherCounts {
  readonly connections: number
  readonly faults: number
  readonly delivered: number
  readonly late: number
  readonly abandoned: number
  readonly grantsSent: number
  readonly grantsRefused: number
  readonly grantsUnconfirmed: number
}

/** How to publish a door's events. */
export interface PublisherOptions {
  readonly broker: BrokerOptions
  readonly prefix: string
  /** Door id, see `doorIdSchema`. */
  readonly door: string
  readonly outbox: OutboxSource
  /** Wall clock in ms since the epoch. */
  readonly nowMs: () => number
  /** Uniform in [0, 1). */
  readonly random: () => number
  /** How long a grant is good after its decision; 3000 by default, at most 5000. */
  readonly grantLifeMs?: number
  /**
   * Keeps each decision until the broker has a subscriber for it, so that a broker that lost its sessions
   * swallows none before the recorder is back. Needs MQTT 5; off by default.
   */
  readonly waitForReader?: boolean
  /** Longest wait for the broker's answer; 5000 by default. */
  readonly ackTimeoutMs?: number
  /** How long the drain has to be trying before anything is given up; an hour by default. */
  readonly boundTrialMs?: number
  /** Who wants messages; asked for anew at each connection. */
  readonly listeners?: readonly Listener[]
  /** There is a new connection: time to say what the broker should keep. */
  readonly onConnected?: () => void
  readonly onState?: (state: PublisherState) => void
  /** Undelivered messages were given up beyond the outbox's bound: wants to be loud. */
  readonly onAbandoned?: (count: number) => void
}

/** The door's line to the broker. It runs without one, too: decisions wait in the outbox, grants lapse. */
export interface Publisher {
  readonly topics: DoorTopics
  state(): PublisherState
  counts(): PublisherCounts
  /** Call after a decision was recorded (and its grant sent): the outbox has something new. */
  notify(): void
  /** Sends at once or not at all; see {@link GrantResult}. Never rejects. */
  sendGrant(request: GrantRequest): Promise<GrantResult>
  /** Sends at QoS 1; resolves after PUBACK, with false when there is no line or it was refused. */
  send(message: OutgoingMessage): Promise<boolean>
  /** Sends at QoS 0, at once or not at all; whether the broker has it. Never rejects. */
  sendNow(message: OutgoingMessage, withinMs: number): Promise<boolean>
  /** What `…/status` says while connected; `online` at first. */
  setHealth(health: Health): void
  /** Says `offline`, disconnects; what is undelivered stays in the outbox. */
  stop(): Promise<void>
}

const BOUND_CHECK_MS = 60_000
const BOUND_TRIAL_MS = 3_600_000
const STABLE_AFTER_MS = 10_000

/** Starts connecting and draining in the background, for ever, until stopped. */
export function startPublisher(options: PublisherOptions): Publisher {
  const { outbox, nowMs } = options
  const topics = doorTopics(options.prefix, options.door)
  const ackTimeoutMs = options.ackTimeoutMs ?? 5000
  const grants = createGrantSender({
    topic: topics.grant,
    lifeMs: options.grantLifeMs ?? Math.min(3000, MAX_GRANT_LIFE_MS),
    nowMs,
  })
  const boundTrialMs = options.boundTrialMs ?? BOUND_TRIAL_MS
  const gate = createBoundGate({ nowMs, monotonicMs: () => performance.now() }, boundTrialMs)
  const stopping = new AbortController()
  const isStopping = (): boolean => stopping.signal.aborted
  const bell = createBell()
  const counts = {
    connections: 0,
    faults: 0,
    delivered: 0,
    late: 0,
    abandoned: 0,
    grantsSent: 0,
    grantsRefused: 0,
    grantsUnconfirmed: 0,
  }
  let state: PublisherState = { name: 'connecting' }
  let health: Health = { state: 'online' }
  let session: BrokerSession | undefined
  let deafness: BrokerFault | undefined

  function enter(next: PublisherState): void {
    if (JSON.stringify(next) === JSON.stringify(state)) return
    state = next
    options.onState?.(next)
  }

  function degrade(fault: BrokerFault): void {
    counts.faults += 1
    enter({ name: 'degraded', cause: fault.cause, cure: fault.cure })
  }

  function statusMessage(content: StatusMessage): OutgoingMessage {
    return {
      topic: topics.status,
      payload: JSON.stringify(content),
      retain: true,
      schema: 'genkan.status.v1',
    }
  }

  function outboxCounts(): StatusMessage['outbox'] {
    try {
      const { pending, abandoned, fill } = outbox.stats()
      return { pending, abandoned, fill }
    } catch {
      return null
    }
  }

  function currentStatus(): OutgoingMessage {
    return statusMessage({
      state: health.state,
      at: new Date(nowMs()).toISOString(),
      cause: health.state === 'degraded' ? health.cause.slice(0, 500) : null,
      cure: health.state === 'degraded' ? health.cure.slice(0, 500) : null,
      outbox: outboxCounts(),
    })
  }

  const offline = (at: string | null, cause: string, cure: string): OutgoingMessage =>
    statusMessage({ state: 'offline', at, cause, cure, outbox: null })

  function sendStatus(): void {
    session?.publish(currentStatus()).catch((error: unknown) => {
      if (error instanceof BrokerFault && !isStopping()) degrade(error)
    })
  }

  function enforceBound(): void {
    try {
      const abandoned = outbox.enforceBound({ byAge: gate.isOpen() })
      if (abandoned === 0) return
      counts.abandoned += abandoned
      options.onAbandoned?.(abandoned)
      sendStatus()
    } catch {
      // A store that fails says so where decisions are recorded; the bound is tried again in a minute.
    }
  }

  function hear(message: IncomingMessage): void {
    for (const { filter, onMessage } of options.listeners ?? []) {
      if (matchesFilter(filter, message.topic)) onMessage(message)
    }
  }

  async function subscribe(current: BrokerSession): Promise<void> {
    const filters = (options.listeners ?? []).map(({ filter, asSent }) => ({
      filter,
      asSent: asSent ?? false,
    }))
    if (filters.length === 0) return
    try {
      await current.subscribe(filters)
    } catch (error) {
      deafness = explainError(error, 'subscriptions')
      if (session === current && !isStopping()) degrade(deafness)
    }
  }

  /** Connected, unless the broker will not let us hear what we must hear. */
  function standing(): PublisherState {
    if (deafness === undefined) return { name: 'connected' }
    return { name: 'degraded', cause: deafness.cause, cure: deafness.cure }
  }

  async function serve(current: BrokerSession): Promise<BrokerFault> {
    const ended = new AbortController()
    const end = (): void => ended.abort()
    void current.closed.then(end)
    stopping.signal.addEventListener('abort', end)
    session = current
    counts.connections += 1
    deafness = undefined
    enter({ name: 'connected' })
    void subscribe(current)
    sendStatus()
    options.onConnected?.()
    await drainOutbox({
      outbox,
      topics,
      session: current,
      backOff: createBackOff(options.random),
      signal: ended.signal,
      nowMs,
      waitForReader: options.waitForReader ?? false,
      whenNotified: bell.whenRung,
      onDelivered: ({ late }) => {
        counts.delivered += 1
        if (late) counts.late += 1
        if (!ended.signal.aborted) enter(standing())
      },
      onTrouble: degrade,
    })
    stopping.signal.removeEventListener('abort', end)
    if (!isStopping()) return current.closed
    await current
      .publish(offline(new Date(nowMs()).toISOString(), 'stopped', 'start genkan'))
      .catch(() => undefined)
    await current.end()
    return current.closed
  }

  async function run(): Promise<void> {
    const backOff = createBackOff(options.random)
    while (!isStopping()) {
      const startedAtMs = nowMs()
      try {
        // Loaded while the door's loop already runs: what is decided meanwhile waits in the outbox.
        const { openBrokerSession } = await import('./broker-session.js')
        const opened = await openBrokerSession({
          broker: options.broker,
          clientId: options.broker.clientId ?? `genkan-${options.door}`,
          will: offline(null, 'the connection was lost', 'check the kiosk, its power and network'),
          ackTimeoutMs,
          onMessage: hear,
          signal: stopping.signal,
        })
        const fault = await serve(opened)
        if (!isStopping()) degrade(fault)
        if (nowMs() - startedAtMs > STABLE_AFTER_MS) backOff.reset()
      } catch (error) {
        if (!isStopping()) degrade(explainError(error, options.broker.url))
      } finally {
        session = undefined
      }
      await pause(backOff.next(), stopping.signal)
    }
    enter({ name: 'stopped' })
  }

  const boundTimer = setInterval(enforceBound, Math.min(BOUND_CHECK_MS, boundTrialMs))
  boundTimer.unref()
  const running = run()

  return {
    topics,
    state: () => state,
    counts: () => ({ ...counts }),
    notify: bell.ring,

    async sendGrant(request) {
      const result = await grants.send(request, session)
      if (result.outcome === 'sent') counts.grantsSent += 1
      else if (result.outcome === 'refused') counts.grantsRefused += 1
      else counts.grantsUnconfirmed += 1
      return result
    },

    async send(message) {
      try {
        await session?.publish(message)
        return session !== undefined
      } catch (error) {
        if (error instanceof BrokerFault && !isStopping()) degrade(error)
        return false
      }
    },

    async sendNow(message, withinMs) {
      if (session?.connected !== true) return false
      return session.publishNow(message, withinMs)
    },

    setHealth(next) {
      if (JSON.stringify(next) === JSON.stringify(health)) return
      health = next
      sendStatus()
    },

    async stop() {
      clearInterval(boundTimer)
      stopping.abort()
      await running
    },
  }
}
