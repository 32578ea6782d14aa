import { hostname } from 'node:os'

import type { Config } from '../config/schema.js'
import { neededAddress } from '../fleet/address.js'
import { readAudit } from '../fleet/audit-sink.js'
import { toldDuplicates } from '../fleet/doors.js'
import { beginFleet, invite, joinFleet } from '../fleet/joining.js'
import { listMembers } from '../fleet/members.js'
import { openSecrets, readMembership } from '../fleet/membership.js'
import { migrateRecord } from '../fleet/migrate.js'
import { connectPostgres } from '../fleet/postgres.js'
import type { Connection } from '../fleet/postgres.js'
import { readHead } from '../fleet/record-table.js'
import { resealRecords } from '../fleet/reseal.js'
import { removeMember } from '../fleet/rotation.js'
import { copyOnce } from '../fleet/sync.js'
import { storeOptionsOf } from '../store-options.js'
import { openStore } from '../store/store.js'
import type { Store } from '../store/store.js'
import { CommandError } from './command-error.js'
import { loadSetup } from './setup.js'
import type { SetupOptions } from './setup.js'

export interface FleetOptions extends SetupOptions {
  readonly json?: boolean
}

export interface FleetNameOptions extends FleetOptions {
  readonly name?: string
}

export interface FleetAuditOptions extends FleetOptions {
  readonly limit: string
}

export interface FleetInviteOptions extends FleetOptions {
  readonly hours: string
}

/** Prints an outcome, as JSON where that was asked for. */
export function printFleet(options: FleetOptions, fields: object, sentence: string): void {
  process.stdout.write(`${options.json === true ? JSON.stringify(fields) : sentence}\n`)
}

/** Opens the configured fleet's database and this kiosk's store. */
export async function withFleet<Result>(
  options: FleetOptions,
  action: (client: Connection, store: Store, config: Config) => Promise<Result>,
): Promise<Result> {
  const config = loadSetup(options)
  const client = await connectPostgres(neededAddress(config.store), 'genkan fleet')
  try {
    await migrateRecord(client)
    const store = openStore(storeOptionsOf(config.store, 'command'))
    try {
      return await action(client, store, config)
    } finally {
      store.close()
    }
  } finally {
    await client.end()
  }
}

const RESTART = 'a daemon that runs takes part after its next start'

/** `genkan fleet init`: makes a fleet in an empty database; everybody enrolled here goes into it. */
export async function fleetInit(options: FleetNameOptions): Promise<void> {
  await withFleet(options, async (client, store) => {
    const { fleet, kiosk, name } = await beginFleet(
      client,
      store.replica,
      options.name ?? hostname(),
    )
    printFleet(options, { fleet, kiosk, name }, `fleet ${fleet} begun as ${name}; ${RESTART}`)
  })
}

/** `genkan fleet invite`: prints an invitation for one kiosk. */
export async function fleetInvite(options: FleetInviteOptions): Promise<void> {
  const hours = Number(options.hours)
  if (!Number.isInteger(hours) || hours < 1 || hours > 720) {
    throw new CommandError('bad-input', '--hours is a number from 1 to 720')
  }
  await withFleet(options, async (client, store) => {
    const invitation = await invite(client, openSecrets(store.replica), hours)
    printFleet(options, { invitation, hours }, invitation)
  })
}

/** `genkan fleet join INVITATION`: takes this kiosk, and everybody enrolled here, into the fleet. */
export async function fleetJoin(invitation: string, options: FleetNameOptions): Promise<void> {
  await withFleet(options, async (client, store) => {
    const { fleet, kiosk, name } = await joinFleet(
      client,
      store.replica,
      options.name ?? hostname(),
      invitation,
    )
    printFleet(options, { fleet, kiosk, name }, `joined fleet ${fleet} as ${name}; ${RESTART}`)
  })
}

/** `genkan fleet leave`: forgets the fleet; persons and templates stay here. Needs no database. */
export function fleetLeave(options: FleetOptions): void {
  const store = openStore(storeOptionsOf(loadSetup(options).store, 'daemon'))
  try {
    const membership = readMembership(store.replica)
    if (membership === undefined) throw new CommandError('bad-input', 'this kiosk is in no fleet')
    store.replica.end()
    printFleet(
      options,
      { fleet: membership.fleet },
      `left fleet ${membership.fleet}; another kiosk should remove ${membership.name} (genkan fleet remove)`,
    )
  } finally {
    store.close()
  }
}

/** `genkan fleet members`: the kiosks with what each last said of itself. */
export async function fleetMembers(options: FleetOptions): Promise<void> {
  await withFleet(options, async (client, store) => {
    const members = await listMembers(client, openSecrets(store.replica))
    if (options.json === true) {
      process.stdout.write(`${JSON.stringify(members)}\n`)
      return
    }
    for (const { id, name, removed, trusted, seenAt, status } of members) {
      const standing = removed ? 'removed' : trusted ? 'member' : 'UNKNOWN: no kiosk vouches for it'
      const seen = seenAt === null ? 'never seen' : seenAt.toISOString()
      const { version = '', pending = '', sequence = '' } = status ?? {}
      process.stdout.write(
        `${id}  ${name.padEnd(24)}  ${standing}  ${seen}  version ${String(version)}  ` +
          `read to ${String(sequence)}  waiting ${String(pending)}\n`,
      )
    }
  })
}

/** `genkan fleet remove KIOSK`: a new key for everybody else, and everything sealed with it. */
export async function fleetRemove(who: string, options: FleetOptions): Promise<void> {
  await withFleet(options, async (client, store) => {
    const secrets = openSecrets(store.replica)
    const { replica } = store
    // A daemon here takes what this reads into its gallery when it sees that the store has changed.
    await copyOnce(client, { replica, secrets, onApplied: () => undefined })
    await removeMember(client, secrets, replica, who)
    const report = await resealRecords(client, secrets, replica)
    printFleet(
      options,
      report,
      `${who} removed; ${report.resealed} records sealed with a new key, ${report.left} left to the ` +
        'kiosks that wrote them; take its login at the database away, too',
    )
  })
}

/** `genkan fleet reseal`: goes on where a removal was cut off. */
export async function fleetReseal(options: FleetOptions): Promise<void> {
  await withFleet(options, async (client, store) => {
    const report = await resealRecords(client, openSecrets(store.replica), store.replica)
    printFleet(
      options,
      report,
      `${report.resealed} records sealed anew, ${report.left} left to the kiosks that wrote them`,
    )
  })
}

/** `genkan fleet audit`: what was done at every door, newest first, and whether each chain holds. */
export async function fleetAudit(options: FleetAuditOptions): Promise<void> {
  const limit = Number(options.limit)
  if (!Number.isInteger(limit) || limit < 1 || limit > 10_000) {
    throw new CommandError('bad-input', '--limit is a number from 1 to 10000')
  }
  await withFleet(options, async (client, store) => {
    const secrets = openSecrets(store.replica)
    const members = await listMembers(client, secrets)
    const audits = []
    for (const { id } of members) audits.push(await readAudit(client, secrets, id, limit))
    const nameOf = (kiosk: string) => members.find(({ id }) => id === kiosk)?.name ?? kiosk
    const entries = audits
      .flatMap(({ kiosk, entries }) => entries.map((entry) => ({ kiosk, ...entry })))
      .sort((a, b) => b.atMs - a.atMs)
      .slice(0, limit)
    const chains = audits.map(({ kiosk, whole, brokenAt }) => ({ kiosk, whole, brokenAt }))
    const lines = entries.map(
      ({ atMs, kiosk, actor, action, subjectId }) =>
        `${new Date(atMs).toISOString()}  ${nameOf(kiosk).padEnd(24)}  ${actor}  ${action}  ${subjectId ?? ''}\n`,
    )
    const verdicts = chains.map(({ kiosk, whole, brokenAt }) =>
      brokenAt === null
        ? `${nameOf(kiosk)}: ${whole} rows, the chain holds\n`
        : `${nameOf(kiosk)}: BROKEN at row ${brokenAt}, after ${whole} rows that hold\n`,
    )
    printFleet(options, { entries, chains }, [...lines, ...verdicts].join('').trimEnd())
    if (chains.some(({ brokenAt }) => brokenAt !== null)) process.exitCode = 1
  })
}

/** `genkan fleet status`: how this kiosk stands to the record. */
export async function fleetStatus(options: FleetOptions): Promise<void> {
  await withFleet(options, async (client, store) => {
    const secrets = openSecrets(store.replica)
    const cursor = store.replica.cursor()
    const head = await readHead(client, secrets, cursor)
    const fields = {
      fleet: secrets.membership().fleet,
      kiosk: secrets.membership().kiosk,
      generation: head.generation,
      record: head.check.sequence,
      read: cursor.sequence,
      waiting: store.replica.countPending(),
      historyHolds: head.hasCheck,
      digest: store.replica.digest(),
      duplicates: store.replica.duplicates(),
      told: (await listMembers(client, secrets)).flatMap((member) =>
        toldDuplicates(member)
          .filter((pair) => pair.every((id) => store.persons.get(id) !== undefined))
          .map(([personId, otherId]) => ({ personId, otherId, by: member.name })),
      ),
    }
    const twice = fields.duplicates.map(
      ({ personId, otherId }) => `  one face, two persons: ${personId} and ${otherId}\n`,
    )
    const told = fields.told.map(
      ({ personId, otherId, by }) =>
        `  one face, two persons: ${personId} and ${otherId}, says ${by}\n`,
    )
    printFleet(
      options,
      fields,
      `fleet ${fields.fleet}, this kiosk ${fields.kiosk}\n` +
        `  read to ${fields.read} of ${fields.record}, ${fields.waiting} changes wait here\n` +
        `  key ${fields.generation}; history ${fields.historyHolds ? 'holds' : 'WENT BACK: a backup was restored'}\n` +
        `  digest ${fields.digest}\n${[...twice, ...told].join('')}`.trimEnd(),
    )
  })
}
