import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { introductionSchema, runSchema } from './protocol.js'
import type { Introduction, Request, Run, Step } from './protocol.js'

/** Loading nets and warming up on a small board takes long; a hang must still end. */
const ANSWER_WITHIN_MS = 180_000
const MAX_MESSAGE_LENGTH = 2000

/** A program that takes part in the bench. */
export interface ContenderProgram {
  readonly name: string
  readonly command: string
  readonly args: readonly string[]
}

/** A running contender. */
export interface Contender {
  readonly name: string
  readonly introduction: Introduction
  load(request: Omit<Extract<Request, { ask: 'load' }>, 'ask'>): Promise<void>
  run(step: Step, frames: number): Promise<Run>
  stop(): void
}

/** @throws Error that says why it does not run, with the last it wrote to its error output */
export async function startContender(program: ContenderProgram): Promise<Contender> {
  const { name, command, args } = program
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'] })
  let messages = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    messages = (messages + text).slice(-MAX_MESSAGE_LENGTH)
  })
  let fault: Error | undefined
  const ended = new Promise<undefined>((resolve) => {
    child.once('error', (error) => {
      fault = error
      resolve(undefined)
    })
    child.once('close', () => {
      resolve(undefined)
    })
  })
  child.stdin.on('error', () => undefined)
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()

  async function answer(): Promise<unknown> {
    const timer = setTimeout(() => child.kill('SIGKILL'), ANSWER_WITHIN_MS)
    try {
      // A program that could not be started never ends its output.
      const line = await Promise.race([lines.next(), ended])
      if (line !== undefined && line.done !== true) return JSON.parse(line.value)
      await ended
      throw new Error(`${name} gave no answer: ${fault?.message ?? lastError(messages)}`)
    } finally {
      clearTimeout(timer)
    }
  }

  async function ask(request: Request): Promise<unknown> {
    child.stdin.write(`${JSON.stringify(request)}\n`)
    return answer()
  }

  const stop = () => {
    child.kill('SIGKILL')
  }
  try {
    const introduction = introductionSchema.parse(await answer())
    return {
      name,
      introduction,
      async load(request) {
        await ask({ ask: 'load', ...request })
      },
      run: async (step, frames) => runSchema.parse(await ask({ ask: 'run', step, frames })),
      stop,
    }
  } catch (error) {
    stop()
    throw error
  }
}

/** The line that names the error; a stack, which says less, follows it. */
function lastError(messages: string): string {
  const lines = messages.trim().split('\n')
  return (lines.findLast((line) => line.includes('Error')) ?? lines[lines.length - 1]).trim()
}
