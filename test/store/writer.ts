import { writeSync } from 'node:fs'

import { openStore } from '../../src/store/store.js'
import { deniedDecision, grantedDecision, sampleTemplate } from './samples.js'

const store = openStore({ folder: process.argv[2] ?? '', nowMs: Date.now })

for (let index = 0; ; index++) {
  const decision = index % 2 === 0 ? deniedDecision() : grantedDecision()
  store.decisions.record(decision)
  writeSync(1, `decision ${decision.id}\n`)
  if (index % 5 === 0) {
    const person = store.persons.create(`Person ${index}`, 'cli')
    store.templates.add(sampleTemplate(person.id, index % 200), 'cli')
    writeSync(1, `enrolment ${person.id}\n`)
  }
}
