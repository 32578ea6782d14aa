import type { Actuator } from './actuator.js'
import { createGpioRelay } from './gpio-relay.js'
import type { GpioLine } from './gpio-tools.js'
import { createMqttRelay, type MqttRelay, type RelayLine } from './mqtt-relay.js'
import { relayForm, type RelayAddress } from './relay-forms.js'
import { createWebhook, type WebhookOptions } from './webhook.js'

/** Which actuator is wanted, with what it needs. */
export type ActuatorChoice =
  | { readonly kind: 'none' }
  | { readonly kind: 'mqtt'; readonly address: RelayAddress; readonly replyTo: string }
  | { readonly kind: 'webhook'; readonly webhook: WebhookOptions }
  | { readonly kind: 'gpio'; readonly line: GpioLine }

/** The actuator, and the relay at the broker if it is one, which wants to hear answers. */
export function chooseActuator(
  choice: ActuatorChoice,
  line: RelayLine,
): { readonly actuator: Actuator | undefined; readonly relay: MqttRelay | undefined } {
  switch (choice.kind) {
    case 'none':
      return { actuator: undefined, relay: undefined }
    case 'mqtt': {
      const relay = createMqttRelay(relayForm(choice.address, choice.replyTo), line)
      return { actuator: relay, relay }
    }
    case 'webhook':
      return { actuator: createWebhook(choice.webhook), relay: undefined }
    case 'gpio':
      return { actuator: createGpioRelay(choice.line), relay: undefined }
  }
}
