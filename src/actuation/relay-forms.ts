import { z } from 'zod'

/** Where a relay is at the broker. */
export interface RelayAddress {
  readonly form: 'shelly' | 'tasmota' | 'esphome'
  /** Topic prefix of the device. */
  readonly topic: string
  /** Number of the switch, or its name at ESPHome. */
  readonly channel: string
}

/** A message to a relay. */
export interface RelayMessage {
  readonly topic: string
  readonly payload: string
}

/** One way of talking to a relay. */
export interface RelayForm {
  /** Releases the lock; where the device can, it ends the pulse by itself. */
  open(orderId: number, pulseMs: number): RelayMessage
  /** Ends the pulse, for devices that don't do so by themselves. */
  readonly close: RelayMessage | undefined
  /** Where the device answers. */
  readonly answers: string
  /** Whether an answer says that this order was carried out, or refused; undefined for other messages. */
  readAnswer(payload: string, orderId: number): 'done' | 'refused' | undefined
}

const shellyAnswerSchema = z.object({ id: z.number(), error: z.unknown().optional() })

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/**
 * Shelly Gen2+: `Switch.Set` over RPC with `toggle_after`, so that the device itself ends the pulse.
 * https://shelly-api-docs.shelly.cloud/gen2/ComponentsAndServices/Switch#switchset
 */
function shelly({ topic, channel }: RelayAddress, replyTo: string): RelayForm {
  return {
    open: (id, pulseMs) => ({
      topic: `${topic}/rpc`,
      payload: JSON.stringify({
        id,
        src: replyTo,
        method: 'Switch.Set',
        params: { id: Number(channel), on: true, toggle_after: pulseMs / 1000 },
      }),
    }),
    close: undefined,
    answers: `${replyTo}/rpc`,
    readAnswer(payload, orderId) {
      const answer = shellyAnswerSchema.safeParse(parse(payload))
      if (!answer.success || answer.data.id !== orderId) return undefined
      return answer.data.error === undefined ? 'done' : 'refused'
    },
  }
}

/** `PulseTime`: tenths of a second up to 11.1 s (1..111), above that 100 + whole seconds (112..64900). */
function pulseTime(pulseMs: number): number {
  return pulseMs <= 11_100 ? Math.ceil(pulseMs / 100) : 100 + Math.ceil(pulseMs / 1000)
}

/**
 * Tasmota: `Backlog0` sets the device's own pulse time and switches, in one message.
 * https://tasmota.github.io/docs/Commands/
 */
function tasmota({ topic, channel }: RelayAddress): RelayForm {
  return {
    open: (_id, pulseMs) => ({
      topic: `cmnd/${topic}/Backlog0`,
      payload: `PulseTime${channel} ${pulseTime(pulseMs)}; Power${channel} ON`,
    }),
    close: undefined,
    answers: `stat/${topic}/RESULT`,
    readAnswer(payload) {
      const answer = z.record(z.string(), z.unknown()).safeParse(parse(payload))
      if (!answer.success) return undefined
      const power =
        answer.data[`POWER${channel}`] ?? (channel === '1' ? answer.data['POWER'] : null)
      return power === 'ON' ? 'done' : undefined
    },
  }
}

/**
 * ESPHome switch. It has no pulse in its command: give the switch `on_turn_on` with a delay and
 * `switch.turn_off`, so that it locks also when genkan is gone.
 * https://esphome.io/components/mqtt.html
 */
function esphome({ topic, channel }: RelayAddress): RelayForm {
  const command = `${topic}/switch/${channel}/command`
  return {
    open: () => ({ topic: command, payload: 'ON' }),
    close: { topic: command, payload: 'OFF' },
    answers: `${topic}/switch/${channel}/state`,
    readAnswer: (payload) => (payload === 'ON' ? 'done' : undefined),
  }
}

/** @param replyTo topic of ours below which the device may answer */
export function relayForm(address: RelayAddress, replyTo: string): RelayForm {
  switch (address.form) {
    case 'shelly':
      return shelly(address, replyTo)
    case 'tasmota':
      return tasmota(address)
    case 'esphome':
      return esphome(address)
  }
}
