import type { Config } from '../config/schema.js'
import { FleetFault } from './fault.js'
import type { PostgresAddress } from './postgres.js'

/** Where the configuration says the fleet's record is; `undefined` for a door of its own. */
export function addressOf({ fleet }: Config['store']): PostgresAddress | undefined {
  const { url, passwordFile, ca, cert, key } = fleet
  return url === undefined ? undefined : { url, passwordFile, ca, cert, key }
}

/** @throws FleetFault `bad-input` when none is configured */
export function neededAddress(store: Config['store']): PostgresAddress {
  const address = addressOf(store)
  if (address !== undefined) return address
  throw new FleetFault(
    'bad-input',
    'no database of a fleet is configured',
    'set store.fleet.url, such as postgres://genkan@db.example/genkan',
  )
}
