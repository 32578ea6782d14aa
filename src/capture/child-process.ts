import { spawn, type ChildProcessByStdio } from 'node:child_process'
import type { Readable, Writable } from 'node:stream'
import { createLineTail } from './ffmpeg-faults.js'

/** How a child process came to its end. */
export type ChildEnd =
  | { readonly kind: 'exited'; readonly code: number }
  | { readonly kind: 'killed'; readonly signal: string }
  | { readonly kind: 'not-started'; readonly message: string }

/** A running child that writes frames on its standard output. */
export interface CaptureChild {
  readonly pid: number | undefined
  readonly stdout: Readable
  /** Its last messages, addresses redacted. */
  messages(): readonly string[]
  /** Kills it and its descendants at once. */
  kill(): void
  /** Resolves when it has been reaped and both pipes are closed. */
  readonly ended: Promise<ChildEnd>
}

/**
 * Starts a program without a shell, as leader of its own process group.
 * @param input what it reads on its standard input; nothing by default
 */
export function startChild(
  path: string,
  args: readonly string[],
  input: Uint8Array = new Uint8Array(),
): CaptureChild {
  const child: ChildProcessByStdio<Writable, Readable, Readable> = spawn(path, args, {
    stdio: ['pipe', 'pipe', 'pipe'],
    detached: true,
    env: { PATH: process.env['PATH'], LANG: 'C', LC_ALL: 'C' },
  })
  // A child that ends before it has read everything says so by its own end.
  child.stdin.on('error', () => undefined).end(input)
  const tail = createLineTail()
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => tail.push(chunk))
  let exited = false
  child.once('exit', () => (exited = true))

  const ended = new Promise<ChildEnd>((resolve) => {
    let startFault: string | undefined
    child.once('error', (error) => {
      startFault = error.message
      if (child.pid === undefined) {
        resolve({ kind: 'not-started', message: startFault })
      }
    })
    child.once('close', (code, signal) => {
      resolve(
        startFault !== undefined
          ? { kind: 'not-started', message: startFault }
          : signal !== null
            ? { kind: 'killed', signal }
            : { kind: 'exited', code: code ?? 0 },
      )
    })
  })

  return {
    pid: child.pid,
    stdout: child.stdout,
    messages: () => tail.lines(),
    kill() {
      if (child.pid === undefined || exited) {
        return
      }
      try {
        process.kill(-child.pid, 'SIGKILL')
      } catch {
        child.kill('SIGKILL')
      }
    },
    ended,
  }
}
