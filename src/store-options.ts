import { resolve } from 'node:path'
import type { Config } from './config/schema.js'
import type { OutboxBound } from './store/outbox.js'
import type { StoreOptions } from './store/store.js'

/** How the store is opened as the configuration and systemd say. */
export function storeOptionsOf(
  { folder, keyFile }: Config['store'],
  role: 'daemon' | 'command',
): StoreOptions {
  const credentialsFolder = process.env['CREDENTIALS_DIRECTORY']
  return {
    folder: resolve(folder),
    key: {
      ...(keyFile === undefined ? {} : { file: keyFile }),
      ...(credentialsFolder === undefined ? {} : { credentialsFolder }),
    },
    nowMs: Date.now,
    role,
  }
}

/** How much may wait for a broker, as the configuration says. */
export function outboxBoundOf({ maxAgeDays, maxMegabytes }: Config['mqtt']['outbox']): OutboxBound {
  return { maxAgeMs: maxAgeDays * 24 * 3_600_000, maxBytes: maxMegabytes * 1024 * 1024 }
}
