import { readdirSync, writeFileSync } from 'node:fs'
import { constants, setPriority } from 'node:os'

import { orderSchema } from './messages.js'
import type { Report } from './messages.js'
import { createTasks } from './tasks.js'

/** On Linux a priority belongs to a thread; those that start later inherit it. */
function takeLowestPriority(): void {
  try {
    for (const thread of readdirSync('/proc/self/task')) {
      setPriority(Number(thread), constants.priority.PRIORITY_LOW)
    }
    // Where memory runs out, this process goes before the door's.
    writeFileSync('/proc/self/oom_score_adj', '1000')
  } catch {
    setPriority(constants.priority.PRIORITY_LOW)
  }
}

function report(message: Report): void {
  process.send?.(message, undefined, undefined, () => undefined)
}

takeLowestPriority()
// An interrupt from the terminal is for the daemon, which then ends its children.
process.on('SIGINT', () => undefined)
process.on('disconnect', () => process.exit(0))

const carryOut = createTasks(report)
process.on('message', (message) => {
  carryOut(orderSchema.parse(message)).catch((error: unknown) => {
    process.stderr.write(
      `${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
    )
    process.exit(1)
  })
})
report({ type: 'ready' })
