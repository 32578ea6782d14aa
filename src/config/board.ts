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

const lineSchema = z.strictObject({
  chip: z
    .string()
    .regex(/^gpiochip\d{1,3}$/)
    .describe('GPIO chip of the line.'),
  line: z.int().min(0).max(511).describe('Line offset on that chip.'),
  header: z.string().max(100).describe('Where the line is on the board, for whoever wires it.'),
  activeLow: z.boolean().describe('Whether a low level means closed.'),
  note: z.string().max(1000).describe('What to mind when wiring.'),
})

const detectSchema = z.strictObject({
  compatible: z
    .array(z.string().regex(/^[a-z0-9-]+,[A-Za-z0-9.+_-]+$/))
    .max(10)
    .describe('Names in /proc/device-tree/compatible, any of which is this board.'),
  architecture: z.enum(['x64', 'arm64']).describe('Its processor, as Node.js says it.'),
})

const systemPath = z
  .string()
  .regex(/^\/(?:etc|boot)(?:\/[A-Za-z0-9][\w.@-]*)+$/, 'must be a plain path below /etc or /boot')

const fileSchema = z.strictObject({
  path: systemPath.describe('Where it goes.'),
  source: z
    .string()
    .regex(/^[\w][\w.-]*$/)
    .describe('File beside the profile.'),
  why: z.string().max(300).describe('What it changes, for whoever applies it.'),
})

const blockSchema = z.strictObject({
  path: systemPath.describe('File of the system, which is changed only if it is there.'),
  lines: z.array(z.string().max(200)).min(1).max(50).describe('Lines of a block of genkan’s own.'),
  why: z.string().max(300).describe('What they change.'),
  needsReboot: z.boolean().describe('Whether they hold from the next start of the board on.'),
})

/** What a profile says about the board itself, beside the configuration it lays under the user's. */
const boardSchema = z.strictObject({
  name: z.string().min(1).max(100).describe('Name for people.'),
  note: z.string().max(2000).describe('What to know before mounting it at a door.'),
  udevRules: z
    .string()
    .regex(/^[\w.-]+\.rules$/)
    .describe('File beside the profile.'),
  relay: lineSchema.nullable().describe('Line for a door relay; null where the board has none.'),
  contact: lineSchema
    .nullable()
    .default(null)
    .describe('Line for the door contact; null where the board has none.'),
  detect: detectSchema.optional().describe('How the board is known.'),
  files: z
    .array(fileSchema)
    .max(20)
    .default([])
    .describe('Files that `genkan board apply` lays: udev names, power, drop-ins.'),
  blocks: z
    .array(blockSchema)
    .max(10)
    .default([])
    .describe('Blocks in files of the system: camera overlays, power limits.'),
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
