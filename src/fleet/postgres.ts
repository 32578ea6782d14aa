import { readFileSync } from 'node:fs'

import pg from 'pg'

import { explainPostgres, FleetFault } from './fault.js'

/** How the fleet's record is reached. */
export interface PostgresAddress {
  /** `postgres://user@host:port/database`, without a password. */
  readonly url: string
  /** File whose first line is the password. */
  readonly passwordFile?: string | undefined
  /** PEM file of the authority that signed the server's certificate; the system's if not given. */
  readonly ca?: string | undefined
  readonly cert?: string | undefined
  readonly key?: string | undefined
}

/** An open connection. */
export type Connection = pg.Client

const CONNECT_TIMEOUT_MS = 10_000
/** Longer than any of our statements takes; a server that hangs must not hang the kiosk's copying. */
const QUERY_TIMEOUT_MS = 60_000
/**
 * Longer than anything between two statements of a transaction takes. The server gives a transaction up
 * whose kiosk lost its network or its power in the middle; it would keep every other from writing until the
 * system notices, which may be hours.
 */
const IDLE_IN_TRANSACTION_MS = 10_000

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[?::1\]?|)$/

function fileOf(path: string, what: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    const cause = `${what} ${path} cannot be read: ${(error as Error).message}`
    throw new FleetFault('bad-input', cause, 'correct store.fleet or the file')
  }
}

/** Beyond this machine always TLS, and always with a certificate that is verified. */
function tlsOf({ url, ca, cert, key }: PostgresAddress): pg.ClientConfig['ssl'] {
  const isLocal = LOOPBACK.test(new URL(url).hostname)
  if (isLocal && ca === undefined) return false
  return {
    rejectUnauthorized: true,
    ...(ca === undefined ? {} : { ca: fileOf(ca, 'the authority') }),
    ...(cert === undefined ? {} : { cert: fileOf(cert, 'the certificate') }),
    ...(key === undefined ? {} : { key: fileOf(key, 'the key') }),
  }
}

/**
 * Opens a connection.
 * @throws FleetFault `unreachable`, `refused`, `bad-input`
 */
export async function connectPostgres(
  address: PostgresAddress,
  name = 'genkan',
): Promise<Connection> {
  const { hostname, port, pathname, username } = new URL(address.url)
  const password =
    address.passwordFile === undefined
      ? undefined
      : (fileOf(address.passwordFile, 'the password file').split(/\r?\n/)[0] ?? '')
  const client = new pg.Client({
    host: hostname.replace(/^\[|\]$/g, '') || 'localhost',
    port: port === '' ? 5432 : Number(port),
    database: decodeURIComponent(pathname.slice(1)),
    user: decodeURIComponent(username),
    ...(password === undefined ? {} : { password }),
    ssl: tlsOf(address),
    application_name: name,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    query_timeout: QUERY_TIMEOUT_MS,
    statement_timeout: QUERY_TIMEOUT_MS,
    idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_MS,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
  })
  // Without a listener a connection that breaks while idle would end the process.
  client.on('error', () => undefined)
  try {
    await client.connect()
    return client
  } catch (error) {
    throw explainPostgres(error)
  }
}

/** Runs an action in one transaction, which is taken back when it throws. */
export async function inTransaction<Result>(
  client: Connection,
  action: () => Promise<Result>,
): Promise<Result> {
  await client.query('BEGIN')
  try {
    const result = await action()
    await client.query('COMMIT')
    return result
  } catch (error) {
    await client.query('ROLLBACK').catch(() => undefined)
    throw error
  }
}
