import { readdirSync, readFileSync } from 'node:fs'

/** Style processes that a process has started. */
export function childrenOf(parent: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
        const [, parentPid] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
        const command = readFileSync(`/proc/${pid}/cmdline`, 'latin1')
        return Number(parentPid) === parent && command.includes('style/jobs/worker.js')
      } catch {
        return false
      }
    })
}
