import type { AdminPorts } from '../../src/admin/ports.js'

/** What an administrator works with, at a door that nobody has set up yet. */
export const emptyDesk: Pick<AdminPorts, 'audit' | 'groups' | 'door'> = {
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
}
