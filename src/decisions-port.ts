import type { DecisionsPort, MistakeResult } from './admin/ports/decisions.js'
import type { RecentProbes } from './recent-probes.js'
import type { Recognition } from './recognition.js'
import type { Store } from './store/store.js'

export interface DecisionsPortParts {
  readonly store: Pick<Store, 'decisions' | 'persons' | 'negatives'>
  readonly recognition: Pick<Recognition, 'reloadNegatives'>
  readonly recentProbes: Pick<RecentProbes, 'take'>
}

/** Past decisions, and what is learnt from a wrong one. */
export function createDecisionsPort(parts: DecisionsPortParts): DecisionsPort {
  const { store, recognition, recentProbes } = parts

  function notThisPerson(id: string, was: string | undefined, actor: string): MistakeResult {
    const decision = store.decisions.get(id)?.decision
    if (decision === undefined) return { outcome: 'no-such-decision' }
    if (decision.outcome !== 'granted') return { outcome: 'not-granted' }
    const personId = decision.person.id
    if (store.persons.get(personId) === undefined) return { outcome: 'person-gone' }
    if (was !== undefined && (was === personId || store.persons.get(was) === undefined)) {
      return { outcome: 'no-such-person' }
    }
    const embedding = recentProbes.take(id) ?? null
    if (embedding === null && was === undefined) return { outcome: 'nothing-to-learn' }
    const otherId = was ?? null
    store.negatives.add({ personId, otherId, embedding, decisionId: id }, actor)
    recognition.reloadNegatives()
    return { outcome: 'noted', example: embedding !== null, pair: otherId !== null }
  }

  return {
    list({ cursor, limit, ...filter }) {
      const given = Object.entries({ cursor, ...filter }).filter(([, value]) => value !== undefined)
      const page = store.decisions.list({ limit, ...Object.fromEntries(given) })
      return {
        items: page.decisions.map(({ decision }) => decision),
        nextCursor: page.nextCursor,
      }
    },
    notThisPerson,
  }
}
