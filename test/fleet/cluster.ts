import {
  postgresPrograms,
  startPostgresServer,
  type PostgresServer,
} from '../../src/bench/fleet/postgres-server.js'

/** Something with tap's teardown. */
export interface Test {
  teardown(action: () => unknown): unknown
}

const programs = postgresPrograms()

/** Reason to skip a test that needs the real server, or false. */
export const noPostgres =
  programs === undefined ? 'PostgreSQL is not installed (apt-get install postgresql)' : false

/** A PostgreSQL server of its own. */
export type Cluster = PostgresServer

/** Starts an empty server on a free loopback port; it goes with the test. */
export async function startCluster(
  t: Test,
  settings: Readonly<Record<string, string>> = {},
): Promise<Cluster> {
  const server = await startPostgresServer(programs ?? '', { fsync: 'off', ...settings })
  t.teardown(() => server.remove())
  return server
}
