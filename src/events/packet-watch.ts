import type { MqttClient } from 'mqtt'

/** Calls back at the answer to a given PINGREQ; answers come in the order of requests. */
export function watchPings(client: MqttClient): { ping: (onAnswer: () => void) => void } {
  let sent = 0
  let answered = 0
  const waiting = new Map<number, () => void>()
  client.on('packetsend', (packet) => {
    if (packet.cmd === 'pingreq') sent += 1
  })
  client.on('packetreceive', (packet) => {
    if (packet.cmd !== 'pingresp') return
    answered += 1
    waiting.get(answered)?.()
    waiting.delete(answered)
  })
  return {
    ping(onAnswer) {
      client.sendPing()
      waiting.set(sent, onAnswer)
    },
  }
}

const NO_MATCHING_SUBSCRIBERS = 0x10

/** Remembers which message ids were acknowledged as having no reader; the client itself does not tell. */
export function watchReaders(client: MqttClient): { hadReaders: (messageId: number) => boolean } {
  const unread = new Set<number>()
  client.on('packetreceive', (packet) => {
    if (packet.cmd === 'puback' && packet.reasonCode === NO_MATCHING_SUBSCRIBERS) {
      unread.add(packet.messageId ?? 0)
    }
  })
  return { hadReaders: (messageId) => !unread.delete(messageId) }
}
