import type { Config } from './config/schema.js'
import { addressOf } from './fleet/address.js'
import { readMembership } from './fleet/membership.js'
import type { Store } from './store/store.js'

/**
 * Groups that this door admits; `null` for everybody, none for nobody.
 * @throws StoreError: then nobody is admitted
 */
export type AdmittedGroups = () => readonly string[] | null

/** What the fleet says of this door, else what its configuration says. */
export function openAdmittedGroups(
  config: Config,
  store: Pick<Store, 'fleetRules' | 'replica'>,
): AdmittedGroups {
  const { groups } = config.door
  const configured = groups.length === 0 ? null : groups
  const kiosk = readMembership(store.replica)?.kiosk
  if (kiosk === undefined || addressOf(config.store) === undefined) return () => configured
  return () => {
    const said = store.fleetRules.admits(kiosk)
    return said === undefined ? configured : said
  }
}
