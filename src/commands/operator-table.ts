import type { OperatorTime } from '../models/quantize/profile.js'

/** Times by operator side by side, the number of nodes in parentheses. */
export function operatorTable(
  before: readonly OperatorTime[],
  after: readonly OperatorTime[],
): readonly string[] {
  const names = [...new Set([...before, ...after].map(({ operator }) => operator))]
  const cell = (times: readonly OperatorTime[], name: string) => {
    const found = times.find(({ operator }) => operator === name)
    return (found === undefined ? '-' : `${found.ms.toFixed(2)} (${found.nodes})`).padStart(14)
  }
  return names.map((name) => `${name.padEnd(24)}${cell(before, name)}${cell(after, name)}`)
}
