import { ulid } from 'ulid'
import { createAntiPassback } from './actuation/anti-passback.js'
import { chooseActuator } from './actuation/choose-actuator.js'
import type { ActuatorChoice } from './actuation/choose-actuator.js'
import { createDoorContact } from './actuation/door-contact.js'
import { createDoorKeeper } from './actuation/door-keeper.js'
import type { DoorKeeper } from './actuation/door-keeper.js'
import { watchGpioContact } from './actuation/gpio-contact.js'
import type { OpenedBroker } from './broker.js'
import { readBoardProfile } from './config/board.js'
import type { Config } from './config/schema.js'
import type { Decision, GrantedDecision } from './decision/decision.js'
import type { Command, CommandRefusal, CommandResult } from './events/command-messages.js'
import { createCommands } from './events/commands.js'
import { birthTopic, describeDevice, discoveryTopic } from './events/home-assistant.js'
import { startPublisher } from './events/publisher.js'
import type { Publisher, PublisherState } from './events/publisher.js'
import type { AttemptMessage, StateMessage } from './events/state-message.js'
import type { Listener } from './events/subscriptions.js'
import { doorTopics } from './events/topics.js'
import type { Store } from './store/store.js'
import { version } from './version.js'

export interface OpenDoorParts {
  readonly config: Config
  readonly store: Store
  readonly broker: OpenedBroker
  /** What the rest of the daemon adds to `…/state`. */
  readonly describeState: () => Pick<
    StateMessage,
    'problem' | 'camera' | 'framesPerSecond' | 'enrolledPersons'
  >
  readonly enrolFromCamera: (personId: string, by: string) => Promise<CommandResult>
  /** Reads the gallery anew. */
  readonly reload: () => void
  /** Who else wants messages from the broker. */
  readonly listeners?: readonly Listener[]
  readonly onBrokerState: (state: PublisherState) => void
  readonly onAbandoned: (count: number) => void
  /** Something that wants to be loud in the log. */
  readonly onTrouble: (what: string, details: Readonly<Record<string, unknown>>) => void
}

/** The door with everything that hangs on it at the broker. */
export interface OpenedDoor {
  readonly publisher: Publisher
  readonly keeper: DoorKeeper
  /** @returns why the person may not enter now, or `undefined` */
  refusesEntry(personId: string): string | undefined
  /** Shows a recorded decision to automations, and opens for a grant. */
  follow(decision: Decision): void
  /** Call about once a second. */
  tick(): void
  /** Messages refused since start, by reason. */
  refusals(): Readonly<Record<CommandRefusal, number>>
  /** Locks, and watches no more; the publisher goes on until it is stopped by itself. */
  stop(): void
}

/** An attempt older than this is no news; the broker drops it, too. */
const ATTEMPT_LIFE_MS = 5000
const DISCOVERY_TOPIC_MAX = 512

/** Opening a door takes a while after the pulse began. */
const WALK_MS = 10_000

/** @throws ConfigError when a GPIO relay is wanted and neither configuration nor board names its line */
function choiceOf(config: Config, replyTo: string): ActuatorChoice {
  const { kind, mqtt, webhook, gpio } = config.actuation
  switch (kind) {
    case 'none':
      return { kind }
    case 'mqtt':
      return {
        kind,
        address: { form: mqtt.form, topic: mqtt.topic ?? '', channel: mqtt.channel },
        replyTo,
      }
    case 'webhook':
      return {
        kind,
        webhook: {
          url: webhook.url ?? '',
          secretFile: webhook.secretFile ?? '',
          timeoutMs: webhook.timeoutMs,
          door: config.door.id,
          nowMs: Date.now,
        },
      }
    case 'gpio': {
      const board = config.board === undefined ? null : readBoardProfile(config.board).board.relay
      const chip = gpio.chip ?? board?.chip
      const line = gpio.line ?? board?.line
      if (chip === undefined || line === undefined) {
        throw new Error(
          'actuation.kind is gpio, but no line is known; set actuation.gpio.chip and actuation.gpio.line',
        )
      }
      return { kind, line: { chip, line, activeLow: gpio.activeLow ?? board?.activeLow ?? false } }
    }
  }
}

/**
 * Starts the line to the broker and takes the door in hand.
 * @throws StoreError, ConfigError or Error with its cure
 */
export function openDoor(parts: OpenDoorParts): OpenedDoor {
  const { config, store } = parts
  const { door, mqtt } = config
  const topics = doorTopics(mqtt.topicPrefix, door.id)
  const sendNow: Publisher['sendNow'] = (message, withinMs) => publisher.sendNow(message, withinMs)

  const { actuator, relay } = chooseActuator(choiceOf(config, `${topics.command}-relay`), {
    send: (message, withinMs) =>
      sendNow(
        {
          ...message,
          schema: 'relay',
          expirySeconds: Math.max(1, Math.floor(withinMs / 1000)),
        },
        withinMs,
      ),
  })
  const keeper = createDoorKeeper({
    door: door.id,
    actuator,
    contact: createDoorContact({
      expectedMs: config.actuation.pulseMs + WALK_MS,
      heldOpenMs: config.contact.heldOpenMs,
    }),
    records: store.doorLog,
    pulseMs: config.actuation.pulseMs,
    grantLifeMs: config.decision.grantLifeMs,
    nowMs: Date.now,
    monotonicMs: () => performance.now(),
    newId: () => ulid(),
    onRecordFault: (error) => parts.onTrouble('a door event could not be recorded', { err: error }),
  })
  const antiPassback = createAntiPassback({
    inside: store.personsInside,
    withinMs: config.decision.antiPassbackMinutes * 60_000,
    nowMs: Date.now,
  })

  async function carryOut(command: Command): Promise<CommandResult> {
    const by = `mqtt:${command.id.replace(/[^0-9A-Za-z-]/g, '-')}`
    switch (command.name) {
      case 'open':
        if (command.action === 'lock') {
          const detail = 'the lock falls shut by itself after each opening'
          return { outcome: 'refused', reason: 'locks-itself', detail }
        }
        return keeper.open(by, command.reason)
      case 'lockdown':
        keeper.setLockdown(command.on, by, command.reason)
        return { outcome: 'done' }
      case 'enroll':
        return parts.enrolFromCamera(command.personId, by)
      case 'leave':
        store.personsInside.leave(command.personId)
        return { outcome: 'done' }
      case 'reload':
        parts.reload()
        return { outcome: 'done' }
    }
  }

  const commands = createCommands({
    rules: {
      topic: topics.command,
      allow: mqtt.commands.allow,
      maxAgeMs: mqtt.commands.maxAgeMs,
      responseTopic: topics.response,
    },
    memory: store.commandsSeen,
    carryOut,
    audit: ({ name, id }) =>
      store.audit.append({
        actor: `mqtt:${id.replace(/[^0-9A-Za-z-]/g, '-')}`,
        action: `command.${name}`,
      }),
    send: (message) => publisher.send(message),
    nowMs: Date.now,
    onRefused: (reason, topic) =>
      parts.onTrouble('a message on a command topic was refused', {
        reason,
        topic: topic.slice(0, DISCOVERY_TOPIC_MAX),
      }),
  })

  const listeners: Listener[] = [...(parts.listeners ?? [])]
  if (relay) listeners.push({ filter: relay.answers, onMessage: relay.onAnswer })
  if (mqtt.commands.allow.length > 0) listeners.push(commands.listener)
  if (mqtt.homeAssistant.enabled) {
    listeners.push({
      filter: birthTopic(mqtt.homeAssistant.prefix),
      onMessage({ payload, retained }) {
        if (!retained && payload.toString('utf8', 0, 16) === 'online') announce()
      },
    })
  }
  const { contact } = config
  if (contact.kind === 'mqtt' && contact.topic !== undefined) {
    listeners.push({
      filter: contact.topic,
      onMessage({ payload }) {
        const text = payload.toString('utf8', 0, 64)
        const isKnown = text === contact.open || text === contact.closed
        keeper.seeContact(!isKnown ? 'unknown' : text === contact.open ? 'open' : 'closed')
      },
    })
  }

  let lastState = ''
  let lastDecision: StateMessage['lastDecision'] = null
  let unlockedUntilMs = 0

  function describe(): StateMessage {
    const { lockdown, contact: contactState, alarms } = keeper.state()
    return {
      lastDecision,
      ...parts.describeState(),
      outboxPending: store.outbox.stats().pending,
      refusedMessages: Object.values(commands.refusals()).reduce((sum, count) => sum + count, 0),
      lock: performance.now() < unlockedUntilMs ? 'unlocked' : 'locked',
      lockdown: lockdown !== null,
      contact: contactState,
      alarms,
    }
  }

  function sendState(always: boolean): void {
    const payload = JSON.stringify(describe())
    if (!always && payload === lastState) return
    lastState = payload
    if (publisher.state().name === 'connecting') return
    void publisher.send({ topic: topics.state, payload, retain: true, schema: 'genkan.state.v1' })
  }

  function keep(topic: string, payload: string): Promise<boolean> {
    return publisher.send({ topic, payload, retain: true, schema: 'homeassistant' })
  }

  /** Tells Home Assistant of the door, or takes back what was told before. */
  function announce(): void {
    try {
      const told = store.memory.get('home-assistant-topic')
      const { enabled, prefix } = mqtt.homeAssistant
      const topic = discoveryTopic(prefix, door.id)
      if (typeof told === 'string' && (!enabled || told !== topic)) {
        void keep(told, '').then((taken) => {
          if (taken && !enabled) store.memory.set('home-assistant-topic', null)
        })
      }
      if (!enabled) return
      if (told !== topic) store.memory.set('home-assistant-topic', topic)
      const device = describeDevice({
        prefix,
        door: door.id,
        doorName: door.name,
        topics,
        version,
        drivesLock: actuator !== undefined,
        hasContact: contact.kind !== 'none',
        commands: mqtt.commands.allow,
      })
      void keep(topic, JSON.stringify(device)).then(() => sendState(true))
    } catch (error) {
      parts.onTrouble('the door could not be announced', { err: error })
    }
  }

  const publisher = startPublisher({
    broker: parts.broker.options,
    prefix: mqtt.topicPrefix,
    door: door.id,
    outbox: store.outbox,
    nowMs: Date.now,
    random: Math.random,
    grantLifeMs: config.decision.grantLifeMs,
    waitForReader: mqtt.waitForReader,
    listeners,
    onConnected() {
      announce()
      sendState(true)
      relay?.onConnected()
    },
    onState: parts.onBrokerState,
    onAbandoned: parts.onAbandoned,
  })

  const watch =
    contact.kind === 'gpio' && contact.chip !== undefined && contact.line !== undefined
      ? watchGpioContact(
          { chip: contact.chip, line: contact.line, activeLow: contact.openIsLow },
          (state) => keeper.seeContact(state),
        )
      : undefined

  keeper.subscribe((event) => {
    publisher.notify()
    if (event.kind === 'actuation' && event.result.outcome === 'opened') {
      unlockedUntilMs = performance.now() + config.actuation.pulseMs
    }
    sendState(false)
  })

  async function actuate(decision: GrantedDecision): Promise<void> {
    const result = await keeper.openFor(decision)
    const opensElsewhere = result.outcome === 'refused' && result.reason === 'no-actuator'
    if (result.outcome === 'opened' || opensElsewhere) antiPassback.entered(decision.person.id)
    if (result.outcome === 'failed') {
      parts.onTrouble('the door did not open', { decision: decision.id, ...result })
    }
  }

  return {
    publisher,
    keeper,
    refusals: () => commands.refusals(),

    refusesEntry(personId) {
      if (keeper.state().lockdown !== null) return 'the door is locked down'
      return antiPassback.refuses(personId)
    },

    follow(decision) {
      const reason = decision.outcome === 'denied' ? decision.reason : null
      lastDecision = { at: decision.decidedAt, outcome: decision.outcome, reason }
      if (decision.outcome === 'granted') {
        actuate(decision).catch((error: unknown) => {
          parts.onTrouble('a grant could not be followed', { decision: decision.id, err: error })
        })
      }
      if (
        mqtt.homeAssistant.enabled &&
        Date.now() - Date.parse(decision.decidedAt) < ATTEMPT_LIFE_MS
      ) {
        const message: AttemptMessage = {
          event_type: reason ?? 'granted',
          id: decision.id,
          decidedAt: decision.decidedAt,
          personId: decision.outcome === 'granted' ? decision.person.id : null,
        }
        void publisher.sendNow(
          {
            topic: topics.attempt,
            payload: JSON.stringify(message),
            schema: 'genkan.attempt.v1',
            correlationId: decision.id,
            expirySeconds: ATTEMPT_LIFE_MS / 1000,
          },
          ATTEMPT_LIFE_MS,
        )
      }
      sendState(false)
    },

    tick() {
      keeper.tick()
      sendState(false)
    },

    stop() {
      watch?.stop()
      keeper.stop()
    },
  }
}
