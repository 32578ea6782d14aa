import { spawn, type ChildProcessByStdio } from 'node:child_process'
import type { Socket } from 'node:net'
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
  /** Its last messages, addresses redacted. */
  messages(): readonly string[]
  /** Kills it and its descendants at once. */
  kill(): void
  /** Resolves when it has been reaped and the pipes made here are closed. */
  readonly ended: Promise<ChildEnd>
}

/** One whose output is read as a stream. */
export interface StreamingChild extends CaptureChild {
  readonly stdout: Readable
}

/** Without a shell, as leader of its own process group, with little of our environment. */
function spawnOptions() {
  return { detached: true, env: { PATH: process.env['PATH'], LANG: 'C', LC_ALL: 'C' } }
}

/** Starts a program whose output is read as a stream; it reads nothing. */
export function startStreamingChild(path: string, args: readonly string[]): StreamingChild {
  const child = spawn(path, args, { ...spawnOptions(), stdio: ['pipe', 'pipe', 'pipe'] })
  return { ...attend(child, new Uint8Array()), stdout: child.stdout }
}

/**
 * Starts a program that writes into a pipe of the caller's, which is handed over whole: here it is
 * closed.
 * @param input what it reads on its standard input
 */
export function startChild(
  path: string,
  args: readonly string[],
  output: Socket,
  input: Uint8Array = new Uint8Array(),
): CaptureChild {
  try {
    return attend(spawn(path, args, { ...spawnOptions(), stdio: ['pipe', output, 'pipe'] }), input)
  } finally {
    output.destroy()
  }
}

function attend(
  child: ChildProcessByStdio<Writable, Readable | null, Readable>,
  input: Uint8Array,
): CaptureChild {
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
