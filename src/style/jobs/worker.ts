import { takeLowestPriority } from '../../lowest-priority.js'
import { orderSchema } from './messages.js'
import type { Report } from './messages.js'
import { createTasks } from './tasks.js'

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
