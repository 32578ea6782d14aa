import type { PurgeReport } from './admin/ports/purge.js'
import type { RetentionRules } from './store/retention.js'
import type { Store } from './store/store.js'

export interface PurgeParts {
  readonly store: Pick<Store, 'persons' | 'retention'>
  /** Removes a person from wherever the person is held. */
  readonly erase: (id: string, actor: string) => unknown
  /** Wall clock. */
  readonly nowMs: () => number
}

/**
 * Removes what is beyond its time: persons by their own date, decisions and pictures by the rules.
 * @throws StoreError
 */
export async function purgeDue(
  { store, erase, nowMs }: PurgeParts,
  rules: RetentionRules,
  options: { readonly dryRun: boolean; readonly actor: string },
): Promise<PurgeReport> {
  const due = store.persons.dueForErasure(nowMs())
  if (!options.dryRun) {
    for (const id of due) await erase(id, options.actor)
  }
  return { persons: due.length, ...(await store.retention.purge(rules, options)) }
}
