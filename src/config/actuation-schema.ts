import { z } from 'zod'

const path = (description: string) =>
  z
    .string()
    .min(1)
    .max(4096)
    .regex(/^[^\0\r\n]*$/, 'must be one line')
    .describe(description)

const topic = (description: string) =>
  z
    .string()
    .regex(
      /^(?!\$)[^\s+#/\p{Cc}]{1,64}(\/[^\s+#/\p{Cc}]{1,64}){0,7}$/u,
      'must be an MQTT topic without wildcards or spaces',
    )
    .describe(description)

const gpio = (what: string, fallback: string) => ({
  chip: z
    .string()
    .regex(/^gpiochip\d{1,3}$/, 'must be a GPIO chip such as gpiochip0')
    .optional()
    .describe(`GPIO chip of the ${what}${fallback}.`),
  line: z
    .int()
    .min(0)
    .max(511)
    .optional()
    .describe(`Line offset of the ${what} on that chip${fallback}.`),
})

const relaySchema = z.strictObject({
  form: z
    .enum(['shelly', 'tasmota', 'esphome'])
    .default('shelly')
    .describe('What the relay speaks: Shelly Gen2 RPC, Tasmota commands, or an ESPHome switch.'),
  topic: topic('Topic prefix of the relay, such as `shellyplus1-a0b1`.').optional(),
  channel: z
    .string()
    .regex(/^[a-z0-9_-]{1,64}$/, 'must be a number, or the name of the switch at ESPHome')
    .default('0')
    .describe('Switch of the relay: 0, 1, … (Tasmota: 1, 2, …), at ESPHome its name.'),
})

const webhookSchema = z.strictObject({
  url: z
    .url({ protocol: /^https?$/, error: 'must be an address such as https://gate.local/open' })
    .max(2048)
    .refine((url) => !/^[a-z]+:\/\/[^/?#]*@/i.test(url), 'must hold no user name or password')
    .optional()
    .describe('Address that opens the door by POST.'),
  secretFile: path('File whose first line, 32 characters or more, signs the orders.').optional(),
  timeoutMs: z.int().min(100).max(5000).default(2000).describe('Longest wait for its answer.'),
})

/** Who moves the lock after a grant. */
export const actuationSchema = z
  .strictObject({
    kind: z
      .enum(['none', 'mqtt', 'webhook', 'gpio'])
      .default('none')
      .describe('What opens the lock after a grant; `none` leaves it to readers of `…/grant`.'),
    pulseMs: z
      .int()
      .min(100)
      .max(60_000)
      .default(3000)
      .describe('How long the lock stays released.'),
    mqtt: relaySchema.prefault({}).describe('A relay at the same broker.'),
    webhook: webhookSchema.prefault({}).describe('An HTTP service.'),
    gpio: z
      .strictObject({
        ...gpio('relay', "; the board's if not given"),
        activeLow: z
          .boolean()
          .optional()
          .describe("Whether the relay closes at a low level; the board's, else false."),
      })
      .prefault({})
      .describe('A relay at a pin of this board.'),
  })
  .refine(({ kind, mqtt }) => kind !== 'mqtt' || mqtt.topic !== undefined, {
    error: 'is needed for actuation.kind: mqtt',
    path: ['mqtt', 'topic'],
  })
  .refine(
    ({ kind, mqtt }) => kind !== 'mqtt' || mqtt.form === 'esphome' || /^\d$/.test(mqtt.channel),
    {
      error: 'must be one digit for this form of relay',
      path: ['mqtt', 'channel'],
    },
  )
  .refine(({ kind, mqtt }) => kind !== 'mqtt' || mqtt.form !== 'tasmota' || mqtt.channel !== '0', {
    error: 'must be 1 or more at Tasmota, where 0 means every relay',
    path: ['mqtt', 'channel'],
  })
  .refine(({ kind, webhook }) => kind !== 'webhook' || webhook.url !== undefined, {
    error: 'is needed for actuation.kind: webhook',
    path: ['webhook', 'url'],
  })
  .refine(({ kind, webhook }) => kind !== 'webhook' || webhook.secretFile !== undefined, {
    error: 'is needed for actuation.kind: webhook',
    path: ['webhook', 'secretFile'],
  })

/** The switch that tells whether the door is open. */
export const contactSchema = z
  .strictObject({
    kind: z
      .enum(['none', 'mqtt', 'gpio'])
      .default('none')
      .describe('Where the door contact is read, for the alarms `forced-open` and `held-open`.'),
    topic: topic('Topic of the contact.').optional(),
    open: z.string().min(1).max(64).default('open').describe('Payload on that topic: open.'),
    closed: z.string().min(1).max(64).default('closed').describe('Payload on it: closed.'),
    ...gpio('contact', ''),
    openIsLow: z
      .boolean()
      .default(false)
      .describe('Whether an open door pulls the line low (contact to ground that opens: false).'),
    heldOpenMs: z
      .int()
      .min(1000)
      .max(3_600_000)
      .default(30_000)
      .describe('A door open for longer than this raises `held-open`.'),
  })
  .refine(({ kind, topic }) => kind !== 'mqtt' || topic !== undefined, {
    error: 'is needed for contact.kind: mqtt',
    path: ['topic'],
  })
  .refine(({ kind, chip, line }) => kind !== 'gpio' || (chip !== undefined && line !== undefined), {
    error: 'is needed, with contact.line, for contact.kind: gpio',
    path: ['chip'],
  })
  .refine(({ open, closed }) => open !== closed, {
    error: 'must differ from contact.closed',
    path: ['open'],
  })

export type ActuationConfig = z.output<typeof actuationSchema>
export type ContactConfig = z.output<typeof contactSchema>
