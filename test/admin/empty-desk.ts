import { ALONE } from '../../src/admin/ports/fleet.js'
import type { AdminPorts } from '../../src/admin/ports.js'
import { StoreError } from '../../src/store/store-error.js'

const SETTINGS = {
  askAfterMs: 3000,
  targetFpir: 0.001,
  nameOnKiosk: 'masked',
  kioskLanguage: 'en',
  kioskSound: true,
  decisionsDays: 365,
  picturesDays: null,
} as const

const noBackup = new StoreError({ code: 'wrong-key', what: 'no backup', cure: 'take another' })

/** What an administrator works with, at a door that nobody has set up yet. */
export const emptyDesk: Pick<
  AdminPorts,
  | 'audit'
  | 'groups'
  | 'door'
  | 'fleet'
  | 'consents'
  | 'settings'
  | 'backups'
  | 'kiosk'
  | 'purge'
  | 'metrics'
> = {
  audit: {
    list: () => ({ items: [], nextCursor: null }),
    verify: () => Promise.resolve({ intact: true, head: { sequence: 0, hash: '' } }),
  },
  groups: {
    list: () => [],
    create: ({ id, name }) => ({ id, name, persons: 0 }),
    remove: () => 'no-such-group',
    schedule: () => undefined,
    setSchedule: () => 'no-such-group',
  },
  door: {
    name: 'Front door',
    state: () => ({
      door: 'front-door',
      actuator: 'none',
      lockdown: null,
      contact: 'unknown',
      alarms: [],
      lastActuation: null,
    }),
    open: () =>
      Promise.resolve({ outcome: 'refused', reason: 'no-actuator', detail: 'nothing opens it' }),
    setLockdown: () => undefined,
  },
  fleet: ALONE,
  consents: { list: () => undefined, add: () => undefined },
  settings: {
    read: () => ({ values: SETTINGS, set: [], atRestart: [], awaitingRestart: [] }),
    change: () => undefined,
    reset: () => undefined,
  },
  backups: {
    make: () => Promise.resolve({ bytes: 0, content: new Blob([]).stream() }),
    verify: () => Promise.reject(noBackup),
    stageRestore: () => Promise.reject(noBackup),
    restoreIsStaged: () => false,
  },
  kiosk: () => ({ ...SETTINGS, cooldownMs: 3000 }),
  purge: (dryRun) =>
    Promise.resolve({
      dryRun,
      persons: 0,
      decisions: 0,
      pictures: 0,
      databases: 0,
      undelivered: 0,
    }),
  metrics: () => ({ type: 'text/plain', text: '' }),
}
