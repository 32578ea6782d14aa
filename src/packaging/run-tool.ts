import { spawnSync } from 'node:child_process'

export interface ToolOptions {
  readonly cwd: string
  /** Beside this process's own environment. */
  readonly env?: Readonly<Record<string, string>>
  /** What to install where the program is missing. */
  readonly debianPackage?: string
}

/** The end of what a tool said, enough to see why it failed. */
const TAIL_CHARACTERS = 4000

/**
 * Runs a build tool to its end.
 * @returns what it wrote to its standard output
 * @throws Error with the end of what it said, and what to install where it is missing
 */
export function runTool(command: string, args: readonly string[], options: ToolOptions): string {
  const { cwd, env = {}, debianPackage } = options
  const done = spawnSync(command, args, {
    cwd,
    env: { ...process.env, ...env },
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  })
  if (done.error !== undefined) {
    const cure = debianPackage === undefined ? '' : `; apt-get install ${debianPackage}`
    throw new Error(`${command} cannot be run (${done.error.message})${cure}`)
  }
  if (done.status !== 0) {
    const said = `${done.stdout}${done.stderr}`.slice(-TAIL_CHARACTERS)
    throw new Error(`${command} ${args.join(' ')} failed in ${cwd}:\n${said}`)
  }
  return done.stdout
}
