import { failed, type Actuator, type ActuatorAnswer } from './actuator.js'
import type { RelayForm, RelayMessage } from './relay-forms.js'

/** What the relay needs of the line to the broker. */
export interface RelayLine {
  /** At once or not at all, never retained; whether the broker has it. */
  send(message: RelayMessage, withinMs: number): Promise<boolean>
}

/** An {@link Actuator} at the broker, to be told what the relay answers. */
export interface MqttRelay extends Actuator {
  /** Topic on which the relay answers. */
  readonly answers: string
  readonly onAnswer: (message: { readonly payload: Buffer; readonly retained: boolean }) => void
  /** The line is new: a pulse that a crash or a lost line left is ended. */
  readonly onConnected: () => void
}

const MAX_ANSWER_BYTES = 4096
const CLOSE_WITHIN_MS = 5000

/** Opens by a message to a relay, and believes only the relay's own answer. */
export function createMqttRelay(form: RelayForm, line: RelayLine): MqttRelay {
  let lastOrderId = 0
  let waiting:
    { readonly orderId: number; readonly settle: (answer: 'done' | 'refused') => void } | undefined
  let closing: NodeJS.Timeout | undefined

  function sendClose(): void {
    clearTimeout(closing)
    closing = undefined
    if (form.close) void line.send(form.close, CLOSE_WITHIN_MS)
  }

  return {
    kind: 'mqtt',
    answers: form.answers,

    onAnswer({ payload, retained }) {
      if (retained || waiting === undefined || payload.length > MAX_ANSWER_BYTES) return
      const answer = form.readAnswer(payload.toString('utf8'), waiting.orderId)
      if (answer !== undefined) waiting.settle(answer)
    },

    onConnected() {
      if (closing === undefined) sendClose()
    },

    async open({ pulseMs, withinMs }): Promise<ActuatorAnswer> {
      const orderId = ++lastOrderId
      let timer: NodeJS.Timeout | undefined
      const answered = new Promise<'done' | 'refused' | 'silent'>((resolve) => {
        waiting = { orderId, settle: resolve }
        timer = setTimeout(() => resolve('silent'), withinMs)
      })
      try {
        if (!(await line.send(form.open(orderId, pulseMs), withinMs))) {
          return failed('the broker did not take the order to the relay', 'check the broker')
        }
        if (form.close) {
          clearTimeout(closing)
          closing = setTimeout(sendClose, pulseMs)
        }
        switch (await answered) {
          case 'done':
            return { outcome: 'opened', confirmed: true }
          case 'refused':
            return failed('the relay refused the order', 'check actuation.mqtt.channel')
          case 'silent':
            return failed(
              `the relay did not answer on ${form.answers}`,
              'check its power and network, actuation.mqtt, and that genkan may read that topic',
            )
        }
      } finally {
        clearTimeout(timer)
        if (waiting?.orderId === orderId) waiting = undefined
      }
    },

    close() {
      if (closing !== undefined) sendClose()
    },
  }
}
