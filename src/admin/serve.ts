import { createServer as createTlsServer } from 'node:https'
import { hostname, networkInterfaces } from 'node:os'
import { isIP, isIPv6 } from 'node:net'

import { createAdaptorServer } from '@hono/node-server'

import type { AdminApp } from './environment.js'
import { isLoopback } from './loopback.js'

/** How long requests under way may take to finish when the server stops. */
const STOP_GRACE_MS = 2_000

/**
 * Which Host headers may name this server. A page of another site can make its own name resolve to
 * this machine (DNS rebinding), but it can't take an IP address, `localhost` or a configured name.
 */
function createHostCheck(host: string, hostNames: readonly string[]) {
  const names = new Set(['localhost', ...hostNames.map((name) => name.toLowerCase())])
  const onLoopback = isLoopback(host)
  if (!onLoopback) names.add(hostname().toLowerCase()).add(`${hostname().toLowerCase()}.local`)
  return (asked: string) => {
    const name = asked.replace(/^\[|\]$/g, '').toLowerCase()
    return names.has(name) || (onLoopback ? isLoopback(name) : isIP(name) !== 0)
  }
}

export interface ServeAdminOptions {
  readonly app: Pick<AdminApp, 'fetch'>
  /** Address to listen at; beyond loopback only with {@link tls} or {@link allowPlainHttp}. */
  readonly host: string
  /** 0 takes a free port. */
  readonly port: number
  /** The operator's word that the network between browser and door is trusted, default false. */
  readonly allowPlainHttp?: boolean
  /** Certificate and private key in PEM; HTTPS then, at any address. */
  readonly tls?: { readonly cert: string; readonly key: string } | undefined
  /** Further names that this machine is reached by. */
  readonly hostNames?: readonly string[]
}

/**
 * What a browser can open where the server listens at every address: a configured name, else an
 * address of this machine, that of the local network first.
 */
function reachableHost(host: string, hostNames: readonly string[]): string {
  if (!['0.0.0.0', '::'].includes(host)) return host
  const name = hostNames.at(0)
  if (name !== undefined) return name
  const outside = Object.values(networkInterfaces())
    .flatMap((interfaces) => interfaces ?? [])
    .filter(({ internal, address }) => !internal && !address.startsWith('fe80'))
  const fitting = outside.find(({ family }) => family === 'IPv4') ?? outside.at(0)
  return fitting?.address ?? 'localhost'
}

/** A listening server. */
export interface AdminServer {
  /** Where a browser finds the console, e.g. `http://127.0.0.1:8080/`. */
  readonly url: string
  /** Ends event streams, lets requests under way finish for a moment, then closes; safe to call twice. */
  stop(): Promise<void>
}

/**
 * Listens for HTTP, or for HTTPS where there is a certificate.
 * @throws Error saying cause and cure when the address may not or can't be listened at
 */
export async function serveAdmin(options: ServeAdminOptions): Promise<AdminServer> {
  const { app, host, port, allowPlainHttp = false, hostNames = [], tls } = options
  if (!isLoopback(host) && tls === undefined && !allowPlainHttp) {
    throw new Error(
      `refusing to listen at ${host} in clear text: anyone on the network could read the token; ` +
        'give a certificate, listen at 127.0.0.1 behind a TLS proxy, or set allowPlainHttp if the network is trusted',
    )
  }
  const stopping = new AbortController()
  const allowsHost = createHostCheck(host, hostNames)
  const server = createAdaptorServer({
    fetch: (request, env) =>
      app.fetch(request, {
        ...env,
        stopping: stopping.signal,
        allowsHost,
        isTls: tls !== undefined,
      }),
    ...(tls === undefined ? {} : { createServer: createTlsServer }),
    serverOptions: {
      ...(tls === undefined ? {} : { ...tls, minVersion: 'TLSv1.2' as const }),
      headersTimeout: 10_000,
      // A backup to be restored may come over a slow line.
      requestTimeout: 300_000,
      keepAliveTimeout: 5_000,
      maxHeaderSize: 16 * 1024,
    },
  })
  if (!('closeAllConnections' in server)) throw new Error('the admin server must be HTTP/1.1')
  server.maxConnections = 256

  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      reject(new Error(`can't listen at ${host}:${port}: ${cureOf(error)}`, { cause: error }))
    })
    server.listen(port, host, resolve)
  })

  const address = server.address()
  const boundPort = typeof address === 'object' && address !== null ? address.port : port
  const reachable = reachableHost(host, hostNames)
  const urlHost = isIPv6(reachable) ? `[${reachable}]` : reachable
  let stopped: Promise<void> | undefined
  return {
    url: `${tls === undefined ? 'http' : 'https'}://${urlHost}:${boundPort}/`,
    stop() {
      stopped ??= new Promise((resolve) => {
        const impatient = setTimeout(() => server.closeAllConnections(), STOP_GRACE_MS)
        // A connection is idle only once its answer is sent, so idle ones keep appearing.
        const sweep = setInterval(() => server.closeIdleConnections(), 25)
        server.close(() => {
          clearTimeout(impatient)
          clearInterval(sweep)
          resolve()
        })
        stopping.abort()
      })
      return stopped
    },
  }
}

const CURES: Readonly<Partial<Record<string, string>>> = {
  EADDRINUSE: 'another program listens there; stop it or configure another port',
  EACCES: 'not permitted; configure a port above 1023',
  EADDRNOTAVAIL: 'this machine has no such address; configure one it has',
}

function cureOf(error: NodeJS.ErrnoException): string {
  return CURES[error.code ?? ''] ?? error.message
}
