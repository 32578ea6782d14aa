import { dirname, join } from 'node:path'
import type { Logger } from 'pino'
import { keepSelfSigned, readCertificate } from './admin/certificate.js'
import type { ServerCertificate } from './admin/certificate.js'
import { isLoopback } from './admin/loopback.js'
import type { AdminPorts } from './admin/ports.js'
import type { AdminServer } from './admin/serve.js'
import type { Config } from './config/schema.js'

/**
 * Serves console and API.
 * @param storePath a certificate of the daemon's own is kept beside the store
 * @throws Error with its cure when certificate or address cannot be used
 */
export async function openConsole(
  ports: AdminPorts,
  admin: Config['admin'],
  storePath: string,
  log: Logger,
): Promise<AdminServer> {
  // Loaded while the door's loop already runs: the console is no reason to let anybody wait.
  const { createAdminApp } = await import('./admin/app.js')
  const { serveAdmin } = await import('./admin/serve.js')
  const app = createAdminApp(ports, {
    onFault: ({ error, requestId }) => log.error({ err: error, requestId }, 'request failed'),
  })
  const tls = await certificateOf(admin, storePath)
  if (tls !== undefined) {
    const { fingerprint, validUntil, selfSigned } = tls
    log.info({ fingerprint, validUntil, selfSigned }, 'the console is served over TLS')
  }
  return serveAdmin({ app, ...admin, tls })
}

/** Beyond loopback there is always one, unless clear text was asked for by name. */
async function certificateOf(
  admin: Config['admin'],
  storePath: string,
): Promise<ServerCertificate | undefined> {
  const { host, hostNames, allowPlainHttp } = admin
  const { cert, key } = admin.tls
  if (cert !== undefined && key !== undefined) return readCertificate(cert, key)
  if (isLoopback(host) || allowPlainHttp) return undefined
  return keepSelfSigned(join(dirname(storePath), 'genkan.tls.pem'), host, hostNames)
}
