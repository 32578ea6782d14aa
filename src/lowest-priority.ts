import { readdirSync, writeFileSync } from 'node:fs'
import { constants, setPriority } from 'node:os'

/**
 * Gives way to the door: this process gets the processor only where nobody else wants it, and goes
 * first where memory runs out. On Linux a priority belongs to a thread; those that start later
 * inherit it.
 */
export function takeLowestPriority(): void {
  try {
    for (const thread of readdirSync('/proc/self/task')) {
      setPriority(Number(thread), constants.priority.PRIORITY_LOW)
    }
    writeFileSync('/proc/self/oom_score_adj', '1000')
  } catch {
    setPriority(constants.priority.PRIORITY_LOW)
  }
}
