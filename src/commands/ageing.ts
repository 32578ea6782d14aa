import { storeOptionsOf } from '../store-options.js'
import { openStore } from '../store/store.js'
import type { Store } from '../store/store.js'
import { CommandError } from './command-error.js'
import { loadSetup } from './setup.js'
import type { SetupOptions } from './setup.js'

export interface AgeingOptions extends SetupOptions {
  readonly json?: boolean
}

function withStore<T>(options: AgeingOptions, act: (store: Store) => T): T {
  const store = openStore(storeOptionsOf(loadSetup(options).store, 'command'))
  try {
    return act(store)
  } finally {
    store.close()
  }
}

function print(options: AgeingOptions, fields: object, sentence: string): void {
  process.stdout.write(`${options.json === true ? JSON.stringify(fields) : sentence}\n`)
}

/** `genkan ageing list`: pictures of grants that wait for a yes. */
export function listCandidates(options: AgeingOptions): void {
  withStore(options, (store) => {
    const waiting = store.templateCandidates.list().map((candidate) => ({
      id: candidate.id,
      personId: candidate.personId,
      decisionId: candidate.decisionId,
      seenAt: new Date(candidate.seenAtMs).toISOString(),
      quality: candidate.quality,
      distanceSq: candidate.distanceSq,
    }))
    const lines = waiting.map(
      ({ id, personId, seenAt, distanceSq }) =>
        `${id}  person ${personId}, seen ${seenAt}, distance ${distanceSq.toFixed(3)}`,
    )
    print(options, { waiting }, lines.length === 0 ? 'no picture waits' : lines.join('\n'))
  })
}

/** `genkan ageing accept ID`: makes a template of a picture. */
export function acceptCandidate(id: string, options: AgeingOptions): void {
  withStore(options, (store) => {
    const template = store.templateCandidates.accept(id.toUpperCase(), 'cli')
    const { id: templateId, personId } = template
    print(options, { templateId, personId }, `template ${templateId} of person ${personId}`)
  })
}

/** `genkan ageing reject ID`: removes a picture for good. */
export function rejectCandidate(id: string, options: AgeingOptions): void {
  withStore(options, (store) => {
    store.templateCandidates.reject(id.toUpperCase(), 'cli')
    print(options, { rejected: id }, 'removed')
  })
}

/** `genkan ageing undo [PERSON]`: removes every template that came from a grant. */
export function undoAgeing(personId: string | undefined, options: AgeingOptions): void {
  withStore(options, (store) => {
    const wanted = personId?.toUpperCase()
    if (wanted !== undefined && store.persons.get(wanted) === undefined) {
      throw new CommandError('bad-input', 'no person has this id; the console lists them')
    }
    const persons = wanted === undefined ? store.persons.list().map(({ id }) => id) : [wanted]
    const aged = persons.flatMap((person) =>
      store.templates.byPerson(person).filter(({ source }) => source === 'grant'),
    )
    for (const { id } of aged) store.templates.delete(id, 'cli')
    print(options, { removed: aged.length }, `${aged.length} templates removed`)
  })
}
