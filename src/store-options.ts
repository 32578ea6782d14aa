import { resolve } from 'node:path'
import type { Config } from './config/schema.js'
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
