import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const CLI = fileURLToPath(new URL('../src/cli.js', import.meta.url))

/** How a command ended. */
export interface Ended {
  readonly exitCode: number | null
  readonly out: string
  readonly err: string
}

/** Runs `genkan` as people do, in a folder. */
export function runCli(folder: string, ...args: readonly string[]): Promise<Ended> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [CLI, ...args], { cwd: folder })
    let out = ''
    let err = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text))
    child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text))
    child.once('close', (exitCode) => resolve({ exitCode, out, err }))
  })
}
