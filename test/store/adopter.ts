/** Adopts head after head until it is killed; `inside` kills itself in the middle of one. */
import { writeSync } from 'node:fs'

import { createLearntHeads } from '../../src/store/learnt-heads.js'
import { openStore } from '../../src/store/store.js'
import { headBody, rawDatabase } from './samples.js'

const [folder = '', mode] = process.argv.slice(2)

if (mode === 'inside') {
  const heads = createLearntHeads(rawDatabase(folder), {
    nowMs: Date.now,
    newId: () => '01JD4QXNWZ8Y3Q4R5S6T7V8W9X',
    audit: {
      append() {
        process.kill(process.pid, 'SIGKILL')
        throw new Error('still alive')
      },
    },
  })
  heads.adopt('projection', headBody(-1), 'test')
} else {
  const store = openStore({ folder, nowMs: Date.now, role: 'command' })
  for (let index = 0; ; index++) {
    const { id } = store.learntHeads.adopt('projection', headBody(index), 'test')
    writeSync(1, `${id}\n`)
  }
}
