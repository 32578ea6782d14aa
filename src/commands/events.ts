import { readerOptionsFor } from '../broker.js'
import { printEvents } from '../events/print-events.js'
import { loadSetup } from './setup.js'
import type { SetupOptions } from './setup.js'

export interface EventsOptions extends SetupOptions {
  readonly url?: string
  readonly json?: boolean
}

/** `genkan events`: the one-line subscriber; prints until Ctrl-C. */
export async function printDoorEvents(options: EventsOptions): Promise<void> {
  const { mqtt } = loadSetup(options)
  const stopping = new AbortController()
  process.once('SIGINT', () => stopping.abort())
  process.once('SIGTERM', () => stopping.abort())
  await printEvents({
    broker: readerOptionsFor(mqtt, options.url),
    prefix: mqtt.topicPrefix,
    json: options.json === true,
    write: (line) => process.stdout.write(`${line}\n`),
    signal: stopping.signal,
  })
}
