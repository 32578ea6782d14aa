import { readFileSync } from 'node:fs'

import { z } from 'zod'

/** Which process it is: a number alone is given to another process one day. */
const childMarkSchema = z.strictObject({
  pid: z.int().min(2),
  /** When it began, in ticks since the machine did. */
  startTicks: z.int().min(0),
})
type ChildMark = z.output<typeof childMarkSchema>

/** Where the marks of running children are kept over a crash. */
export interface ChildMarks {
  get(): unknown
  set(marks: readonly ChildMark[]): void
}

/** What is known of the children that run. */
export interface ChildRegister {
  /** Ends what a daemon left behind that was killed while it held its child stopped. */
  endLeftovers(): number
  add(pid: number): void
  remove(pid: number): void
}

/** Field 22 of `/proc/PID/stat`; the second field may hold blanks and brackets. */
function startTicksOf(pid: number): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    const afterName = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return Number(afterName[19])
  } catch {
    return undefined
  }
}

/** Keeps the marks of the children that run; without `/proc` there are none. */
export function createChildRegister(marks: ChildMarks): ChildRegister {
  let running: ChildMark[] = []
  return {
    endLeftovers() {
      const known = z.array(childMarkSchema).max(16).safeParse(marks.get())
      const left = (known.data ?? []).filter((mark) => startTicksOf(mark.pid) === mark.startTicks)
      for (const { pid } of left) process.kill(pid, 'SIGKILL')
      marks.set([])
      return left.length
    },
    add(pid) {
      const startTicks = startTicksOf(pid)
      if (startTicks === undefined) return
      running = [...running, { pid, startTicks }]
      marks.set(running)
    },
    remove(pid) {
      running = running.filter((mark) => mark.pid !== pid)
      marks.set(running)
    },
  }
}
