import type { Config } from './config/schema.js'
import { BrokerFault } from './events/broker-fault.js'
import { brokerOptionsSchema } from './events/broker-options.js'
import type { BrokerOptions } from './events/broker-options.js'

/** The broker that the configuration names, running if it is our own. */
export interface OpenedBroker {
  readonly options: BrokerOptions
  /** What readers connect to. */
  readonly url: string
  readonly embedded: boolean
  /** Anything worth a warning, such as another port than the one asked for. */
  readonly warning: string | undefined
  close(): Promise<void>
}

/** How a reader on this machine reaches the configured broker, or another one. */
export function readerOptionsFor(config: Config['mqtt'], otherUrl: string | undefined) {
  const embedded = `mqtt://127.0.0.1:${config.embeddedPort}`
  const url = otherUrl ?? (config.url === 'embedded' ? embedded : config.url)
  return { url, ...credentialsOf(config) }
}

/** What both the daemon and a reader need to be let in. */
function credentialsOf(config: Config['mqtt']) {
  const { username, passwordFile, ca, cert, key, keepaliveSeconds, connectTimeoutMs } = config
  return { username, passwordFile, ca, cert, key, keepaliveSeconds, connectTimeoutMs }
}

/**
 * Starts the embedded broker, or hands on how to reach the configured one (which need not be up).
 * @throws BrokerFault when the embedded broker can listen nowhere
 */
export async function openBroker(config: Config['mqtt']): Promise<OpenedBroker> {
  const { url, embeddedPort, clientId, protocolVersion } = config
  if (url !== 'embedded') {
    const options = brokerOptionsSchema.parse({
      url,
      clientId,
      protocolVersion,
      ...credentialsOf(config),
    })
    return { options, url, embedded: false, warning: undefined, close: () => Promise.resolve() }
  }
  const started = await startWithSparePort(embeddedPort)
  return {
    options: started.broker.clientOptions,
    url: started.broker.url,
    embedded: true,
    warning: started.warning,
    close: () => started.broker.close(),
  }
}

/** Takes a free port where the usual one is taken, so that a first start does not end at port 1883. */
async function startWithSparePort(port: number) {
  const { startEmbeddedBroker } = await import('./events/embedded-broker.js')
  try {
    return { broker: await startEmbeddedBroker({ port }), warning: undefined }
  } catch (error) {
    if (!(error instanceof BrokerFault) || port === 0) throw error
    const broker = await startEmbeddedBroker({ port: 0 })
    return { broker, warning: `${error.cause}; the embedded broker took port ${broker.port}` }
  }
}
