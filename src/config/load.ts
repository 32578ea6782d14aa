import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { readBoardProfile, type BoardProfile } from './board.js'
import { ConfigError } from './config-error.js'
import { readEnvironment } from './environment.js'
import { explainIssues } from './explain-issues.js'
import { mergeSections } from './merge-sections.js'
import { readYaml } from './read-yaml.js'
import { configSchema, type Config } from './schema.js'

/** Name of the file that is read from the working folder when none is named. */
export const CONFIG_FILE = 'genkan.yaml'

export interface LoadConfigOptions {
  /** From the command line; else the variable `GENKAN_CONFIG`, else `genkan.yaml` if it is there. */
  readonly configPath?: string | undefined
  /** From the command line; else the key `board`. */
  readonly board?: string | undefined
  readonly env?: Readonly<NodeJS.ProcessEnv>
  readonly workingFolder?: string
  readonly boardsFolder?: string
}

/** A configuration and where its values came from. */
export interface LoadedConfig {
  readonly config: Config
  /** Path of the file; undefined when there is none and the defaults hold. */
  readonly file: string | undefined
  readonly profile: BoardProfile | undefined
  /** Dotted paths that the environment set. */
  readonly fromEnvironment: readonly string[]
}

function findFile(options: LoadConfigOptions): string | undefined {
  const { env = process.env, workingFolder = process.cwd() } = options
  const named = options.configPath ?? env['GENKAN_CONFIG']
  if (named !== undefined && named !== '') return resolve(workingFolder, named)
  const usual = resolve(workingFolder, CONFIG_FILE)
  return existsSync(usual) ? usual : undefined
}

/**
 * Loads the configuration: the defaults, under the board's profile, under the file, under
 * environment variables.
 * @throws ConfigError that lists everything that is wrong, and how to mend it
 */
export function loadConfig(options: LoadConfigOptions = {}): LoadedConfig {
  const file = findFile(options)
  const origin = file ?? 'defaults and environment'
  const environment = readEnvironment(options.env ?? process.env)
  const written = mergeSections(file === undefined ? {} : readYaml(file), environment.section)
  const board = options.board ?? written['board']
  const profile =
    typeof board === 'string' ? readBoardProfile(board, options.boardsFolder) : undefined
  const presets = { camera: { source: 'replay' } }
  const merged = mergeSections(mergeSections(presets, profile?.config ?? {}), written)
  const result = configSchema.safeParse(profile ? { ...merged, board } : merged)
  const issues = [
    ...environment.issues,
    ...(result.success ? [] : explainIssues(result.error.issues, environment.paths)),
  ]
  if (!result.success || issues.length > 0) throw new ConfigError(origin, issues)
  return { config: result.data, file, profile, fromEnvironment: [...environment.paths] }
}
