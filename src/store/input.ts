import type { z } from 'zod'

import { StoreError } from './store-error.js'

/**
 * Validates a value on its way into the store.
 * @param name what it is, for the message; the value itself is never quoted
 * @throws StoreError `invalid-value`
 */
export function parseInput<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
  name: string,
): z.output<Schema> {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const issues = result.error.issues
    .slice(0, 3)
    .map((issue) => [issue.path.join('.'), issue.message].filter(Boolean).join(': '))
  throw new StoreError({
    code: 'invalid-value',
    what: `the ${name} is not acceptable (${issues.join('; ')})`,
    cure: `correct the ${name}`,
  })
}
