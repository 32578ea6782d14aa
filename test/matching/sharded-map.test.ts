import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import { createShardedMap } from '../../src/matching/sharded-map.js'

t.test('behaves as a Map does', (t) => {
  const step = fc.tuple(fc.constantFrom('set', 'delete'), fc.string({ maxLength: 3 }), fc.nat())
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
      const model = new Map<string, number>()
      const map = createShardedMap<number>()
      for (const [what, key, value] of steps) {
        if (what === 'delete') assert.equal(map.delete(key), model.delete(key))
        else {
          map.set(key, value)
          model.set(key, value)
        }
        assert.equal(map.size, model.size)
        assert.equal(map.get(key), model.get(key))
        assert.equal(map.has(key), model.has(key))
      }
      for (const [key, value] of model) assert.equal(map.get(key), value)
    }),
  )
  t.pass('holds for all that was tried')
  t.end()
})
