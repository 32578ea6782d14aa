import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import { createRowChains } from '../../src/matching/row-chains.js'

t.test('chains agree with a plain list of owners', (t) => {
  const step = fc.tuple(fc.boolean(), fc.nat(1000))
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
      const owners: number[] = []
      const chains = createRowChains()
      for (const [isAddition, number] of steps) {
        if (isAddition) {
          chains.append(number % 6)
          owners.push(number % 6)
        } else if (owners.length > 0) {
          const row = number % owners.length
          chains.remove(row)
          const last = owners.pop() ?? 0
          if (row < owners.length) owners[row] = last
        }
        for (let slot = 0; slot < 7; slot++) {
          const rows = owners.flatMap((owner, row) => (owner === slot ? [row] : []))
          assert.deepEqual(
            [...chains.rows(slot)].sort((a, b) => a - b),
            rows,
          )
        }
        owners.forEach((owner, row) => assert.equal(chains.slotOf(row), owner))
      }
    }),
  )
  t.pass('holds for all that was tried')
  t.end()
})
