import type { CommandName } from './command-messages.js'
import { ATTEMPT_TYPES } from './state-message.js'
import type { DoorTopics } from './topics.js'

export interface DiscoveryOptions {
  /** Home Assistant's discovery prefix. */
  readonly prefix: string
  readonly door: string
  /** For people. */
  readonly doorName: string
  readonly topics: DoorTopics
  readonly version: string
  /** Whether genkan itself moves the lock. */
  readonly drivesLock: boolean
  readonly hasContact: boolean
  readonly commands: readonly CommandName[]
}

type Component = Readonly<Record<string, unknown>>

/** Topic of the one retained message that announces a door. */
export function discoveryTopic(prefix: string, door: string): string {
  return `${prefix}/device/genkan_${door}/config`
}

/** Topic on which Home Assistant says that it is back. */
export const birthTopic = (prefix: string): string => `${prefix}/status`

/** A payload with the id and hour that commands need; what else it holds comes behind. */
const commandTemplate = (rest: string): string =>
  `{"id":"ha-{{ now().timestamp() | round(3) }}-{{ range(100000, 999999) | random }}",` +
  `"issuedAt":"{{ utcnow().isoformat() }}"${rest}}`

/**
 * The device announcement (Home Assistant 2024.11 or later): all entities in one message, which comes and
 * goes as a whole. https://www.home-assistant.io/integrations/mqtt/#device-discovery-payload
 */
export function describeDevice(options: DiscoveryOptions): Readonly<Record<string, unknown>> {
  const { door, topics, commands } = options
  const id = (name: string): string => `genkan_${door}_${name}`
  const fromState = (template: string): Component => ({
    state_topic: topics.state,
    value_template: `{{ ${template} }}`,
  })
  const onOff = (condition: string): Component => fromState(`'ON' if ${condition} else 'OFF'`)
  const diagnostic = { entity_category: 'diagnostic' }
  const components: Record<string, Component> = {
    attempt: {
      platform: 'event',
      name: 'Attempt',
      icon: 'mdi:face-recognition',
      state_topic: topics.attempt,
      event_types: [...ATTEMPT_TYPES],
    },
    last_decision: {
      platform: 'sensor',
      name: 'Last decision',
      ...fromState(
        "(value_json.lastDecision.reason or value_json.lastDecision.outcome) if value_json.lastDecision else 'none'",
      ),
    },
    problem: {
      platform: 'binary_sensor',
      name: 'Problem',
      device_class: 'problem',
      ...onOff('value_json.problem'),
      ...diagnostic,
    },
    camera: {
      platform: 'binary_sensor',
      name: 'Camera',
      device_class: 'connectivity',
      ...onOff("value_json.camera == 'online'"),
      ...diagnostic,
    },
    frames: {
      platform: 'sensor',
      name: 'Frames per second',
      unit_of_measurement: 'fps',
      state_class: 'measurement',
      ...fromState('value_json.framesPerSecond'),
      ...diagnostic,
    },
    enrolled: {
      platform: 'sensor',
      name: 'Enrolled persons',
      state_class: 'measurement',
      ...fromState('value_json.enrolledPersons'),
      ...diagnostic,
    },
    locked_down: {
      platform: 'binary_sensor',
      name: 'Locked down',
      ...onOff('value_json.lockdown'),
    },
  }
  if (options.hasContact) {
    components['contact'] = {
      platform: 'binary_sensor',
      name: 'Door',
      device_class: 'door',
      ...fromState(
        "'ON' if value_json.contact == 'open' else ('OFF' if value_json.contact == 'closed' else 'None')",
      ),
    }
    components['alarm'] = {
      platform: 'binary_sensor',
      name: 'Alarm',
      device_class: 'safety',
      ...onOff('value_json.alarms | length > 0'),
    }
  }
  if (options.drivesLock && commands.includes('open')) {
    components['lock'] = {
      platform: 'lock',
      name: 'Lock',
      ...fromState('value_json.lock'),
      state_locked: 'locked',
      state_unlocked: 'unlocked',
      command_topic: `${topics.command}/open`,
      command_template: commandTemplate(`,"action":"{{ value }}"`),
      payload_lock: 'lock',
      payload_unlock: 'open',
      optimistic: false,
      retain: false,
    }
  }
  if (commands.includes('lockdown')) {
    for (const [name, text, on] of [
      ['lock_down', 'Lock down', 'true'],
      ['release', 'Release lockdown', 'false'],
    ] as const) {
      components[name] = {
        platform: 'button',
        name: text,
        command_topic: `${topics.command}/lockdown`,
        command_template: commandTemplate(`,"on":{{ value }}`),
        payload_press: on,
        retain: false,
      }
    }
  }
  return {
    device: {
      identifiers: [`genkan_${door}`],
      name: options.doorName,
      manufacturer: 'genkan',
      model: 'Face access',
      sw_version: options.version,
    },
    origin: { name: 'genkan', sw_version: options.version },
    availability: [
      {
        topic: topics.status,
        value_template: "{{ 'offline' if value_json.state == 'offline' else 'online' }}",
      },
    ],
    qos: 1,
    components: Object.fromEntries(
      Object.entries(components).map(([name, component]) => [
        name,
        { unique_id: id(name), ...component },
      ]),
    ),
  }
}
