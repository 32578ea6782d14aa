import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { ConfigError } from './config-error.js'
import { explainIssues } from './explain-issues.js'
import { mergeSections } from './merge-sections.js'
import { packageRoot } from './paths.js'
import { readYaml, type YamlSection } from './read-yaml.js'
import { configSchema } from './schema.js'

/** Folder of the profiles that genkan ships, one folder a board. */
export const boardsFolder = join(packageRoot, 'firmware-config')

const relaySchema = z.strictObject({
  chip: z
    .string()
    .regex(/^gpiochip\d{1,3}$/)
    .describe('GPIO chip of the relay line.'),
  line: z.int().min(0).max(511).describe('Line offset on that chip.'),
  header: z.string().max(100).describe('Where the line is on the board, for whoever wires it.'),
  activeLow: z.boolean().describe('Whether the relay closes at a low level.'),
  note: z.string().max(1000).describe('What to mind when wiring.'),
})

/** What a profile says about the board itself, beside the configuration it lays under the user's. */
const boardSchema = z.strictObject({
  name: z.string().min(1).max(100).describe('Name for people.'),
  note: z.string().max(2000).describe('What to know before mounting it at a door.'),
  udevRules: z
    .string()
    .regex(/^[\w.-]+\.rules$/)
    .describe('File beside the profile.'),
  relay: relaySchema.nullable().describe('Line for a door relay; null where the board has none.'),
})

const profileSchema = z.strictObject({
  board: boardSchema,
  config: z.record(z.string(), z.unknown()).describe('Laid under the user’s configuration.'),
})

export type Board = z.output<typeof boardSchema>

/** A profile: facts about a board, and configuration values that suit it. */
export interface BoardProfile {
  readonly path: string
  readonly board: Board
  /** Partial configuration; valid by itself over the defaults. */
  readonly config: YamlSection
}

/** The names of the boards that have a profile. */
export function boardNames(folder = boardsFolder): string[] {
  if (!existsSync(folder)) return []
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort()
}

/**
 * Reads a board's profile.
 * @throws ConfigError when there is none of that name, or it is not valid
 */
export function readBoardProfile(name: string, folder = boardsFolder): BoardProfile {
  const names = boardNames(folder)
  if (!names.includes(name)) {
    throw new ConfigError('board', [
      {
        path: 'board',
        what: `there is no profile named ${JSON.stringify(name.slice(0, 64))}`,
        cure: `use one of ${names.join(', ')}`,
      },
    ])
  }
  const path = join(folder, name, 'profile.yaml')
  const profile = profileSchema.safeParse(readYaml(path))
  if (!profile.success) throw new ConfigError(path, explainIssues(profile.error.issues))
  const config = configSchema.safeParse(mergeSections({}, profile.data.config))
  if (!config.success) throw new ConfigError(path, explainIssues(config.error.issues))
  return { path, board: profile.data.board, config: profile.data.config }
}
