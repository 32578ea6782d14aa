import { writeSync } from 'node:fs'

import { brokerOptionsSchema } from '../../src/events/broker-options.js'
import { startPublisher } from '../../src/events/publisher.js'
import { openStore } from '../../src/store/store.js'
import { deniedDecision } from '../store/samples.js'

const [, , folder = '', url = '', mode = 'write'] = process.argv

const store = openStore({ folder, nowMs: Date.now })
const publisher = startPublisher({
  broker: brokerOptionsSchema.parse({ url }),
  prefix: 'genkan',
  door: 'main',
  outbox: store.outbox,
  nowMs: Date.now,
  random: () => 0,
  onState: (state) => writeSync(1, `state ${state.name}\n`),
})

if (mode === 'write') {
  setInterval(() => {
    const { decision } = store.decisions.record(deniedDecision())
    publisher.notify()
    writeSync(1, `decision ${decision.id}\n`)
  }, 4)
} else {
  setInterval(() => {
    if (store.outbox.stats().pending > 0) return
    void publisher.stop().then(() => {
      store.close()
      process.exit(0)
    })
  }, 50)
}
