import { Ajv } from 'ajv'
import t from 'tap'

import { COMMAND_NAMES } from '../../src/events/command-messages.js'
import { describeDevice, discoveryTopic } from '../../src/events/home-assistant.js'
import { ATTEMPT_TYPES } from '../../src/events/state-message.js'
import { doorTopics } from '../../src/events/topics.js'

const text = { type: 'string', minLength: 1 }
/** A topic that may be subscribed to, without wildcards. */
const topic = { type: 'string', pattern: '^[^+#\\u0000]{1,512}$' }
const template = { type: 'string', pattern: '\\{\\{.*\\}\\}' }

const closed = (required: readonly string[], properties: object) => ({
  type: 'object',
  required,
  properties,
  additionalProperties: false,
})

const entity = {
  unique_id: text,
  name: text,
  icon: { type: 'string', pattern: '^mdi:[a-z-]+$' },
  entity_category: { enum: ['config', 'diagnostic'] },
}
const read = { ...entity, state_topic: topic, value_template: template }
const write = { command_topic: topic, command_template: template, retain: { const: false } }

const platform = (name: string, required: readonly string[], properties: object) =>
  closed(['platform', 'unique_id', ...required], { platform: { const: name }, ...properties })

/**
 * What Home Assistant's own validation of a device announcement lets pass (integration `mqtt`, its
 * schemas of the discovery message and of each platform), as far as a door uses it; options it would
 * drop without a word are errors here.
 */
const deviceSchema = closed(['device', 'origin', 'components'], {
  device: closed(['identifiers', 'name'], {
    identifiers: { type: 'array', minItems: 1, items: text },
    name: text,
    manufacturer: text,
    model: text,
    sw_version: text,
  }),
  origin: closed(['name'], { name: text, sw_version: text }),
  availability: {
    type: 'array',
    items: closed(['topic'], { topic, value_template: template }),
  },
  qos: { enum: [0, 1, 2] },
  components: {
    type: 'object',
    minProperties: 1,
    propertyNames: { pattern: '^[a-zA-Z0-9_-]+$' },
    additionalProperties: {
      oneOf: [
        platform('event', ['state_topic', 'event_types'], {
          ...read,
          event_types: { type: 'array', minItems: 1, uniqueItems: true, items: text },
        }),
        platform('sensor', ['state_topic'], {
          ...read,
          unit_of_measurement: text,
          state_class: { enum: ['measurement', 'total', 'total_increasing'] },
        }),
        platform('binary_sensor', ['state_topic'], {
          ...read,
          device_class: { enum: ['problem', 'connectivity', 'door', 'safety'] },
        }),
        platform('lock', ['command_topic'], {
          ...read,
          ...write,
          state_locked: text,
          state_unlocked: text,
          payload_lock: text,
          payload_unlock: text,
          optimistic: { const: false },
        }),
        platform('button', ['command_topic'], { ...entity, ...write, payload_press: text }),
      ],
    },
  },
})

const validate = new Ajv({ allErrors: true }).compile(deviceSchema)
const topics = doorTopics('genkan', 'front')
const plain = {
  prefix: 'homeassistant',
  door: 'front',
  doorName: 'Front door',
  topics,
  version: '1.2.3',
  drivesLock: false,
  hasContact: false,
  commands: [],
} as const

interface Device {
  readonly components: Readonly<Record<string, Readonly<Record<string, unknown>>>>
}
const componentsOf = (device: unknown) => (device as Device).components

t.test('every form of the announcement is one that Home Assistant takes', (t) => {
  for (const drivesLock of [false, true]) {
    for (const hasContact of [false, true]) {
      for (const commands of [[], COMMAND_NAMES]) {
        const device = describeDevice({ ...plain, drivesLock, hasContact, commands })
        t.ok(validate(device), JSON.stringify(validate.errors))
        const ids = Object.values(componentsOf(device)).map((component) => component['unique_id'])
        t.equal(new Set(ids).size, ids.length, 'ids are unique')
        t.equal('lock' in componentsOf(device), drivesLock && commands.length > 0)
      }
    }
  }
  t.match(
    discoveryTopic('homeassistant', 'front'),
    /^homeassistant\/device\/[a-zA-Z0-9_-]+\/config$/,
  )
  t.end()
})

t.test('an event of every outcome is announced', (t) => {
  const { attempt } = componentsOf(describeDevice(plain))
  t.match(attempt, { platform: 'event', state_topic: topics.attempt })
  t.strictSame(attempt['event_types'], [...ATTEMPT_TYPES])
  t.end()
})

t.test('the schema is one that fails', (t) => {
  const device = describeDevice({ ...plain, commands: COMMAND_NAMES, drivesLock: true })
  t.notOk(validate({ ...device, origin: undefined }))
  t.notOk(validate({ ...device, stat_topic: 'x' }))
  const { attempt, lock } = componentsOf(device)
  t.notOk(validate({ ...device, components: { attempt: { ...attempt, event_types: [] } } }))
  t.notOk(validate({ ...device, components: { lock: { ...lock, retain: true } } }))
  t.end()
})
