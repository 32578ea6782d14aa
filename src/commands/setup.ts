import { loadConfig } from '../config/load.js'
import type { Config } from '../config/schema.js'

/** Options that every command has. */
export interface SetupOptions {
  readonly config?: string
  readonly board?: string
}

/**
 * The configuration as the command line, environment and file say.
 * @throws ConfigError that lists what is wrong
 */
export function loadSetup(options: SetupOptions): Config {
  return loadConfig({ configPath: options.config, board: options.board }).config
}
