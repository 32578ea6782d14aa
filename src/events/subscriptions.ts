/** A message from the broker, as it came: nothing in it is trusted. */
export interface IncomingMessage {
  readonly topic: string
  readonly payload: Buffer
  /** Kept by the broker from the past; with {@link Listener.asSent}, also sent now with that wish. */
  readonly retained: boolean
  /** MQTT 5. */
  readonly responseTopic: string | undefined
  /** MQTT 5. */
  readonly correlationData: Buffer | undefined
}

/** Somebody who wants messages. */
export interface Listener {
  /** A topic, or one whose last level is `+`. */
  readonly filter: string
  /** Shows whether a live message was sent to be kept (MQTT 5, retain as published). */
  readonly asSent?: boolean
  /** Called for each message; whatever is wrong with it is the listener's to count. */
  readonly onMessage: (message: IncomingMessage) => void
}

/** Whether a topic falls under a {@link Listener.filter}. */
export function matchesFilter(filter: string, topic: string): boolean {
  if (!filter.endsWith('/+')) return filter === topic
  const stem = filter.slice(0, -1)
  return topic.startsWith(stem) && !topic.slice(stem.length).includes('/')
}
