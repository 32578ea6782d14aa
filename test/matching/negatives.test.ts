import t from 'tap'

import { toEmbedding } from '../../src/encoding/embedding.js'
import type { Identification } from '../../src/matching/gallery.js'
import { createMistakes } from '../../src/matching/negatives.js'

/** A unit vector in the plane of the first two axes; squared distances are 2 − 2 cos of the angle. */
function at(degrees: number, modelId = 'encoder') {
  const vector = new Float32Array(128)
  vector[0] = Math.cos((degrees * Math.PI) / 180)
  vector[1] = Math.sin((degrees * Math.PI) / 180)
  return toEmbedding(modelId, vector)
}

const MARGIN = 0.05
const match = (distanceSq: number): Identification => ({
  outcome: 'match',
  personId: 'a',
  distanceSq,
  runnerUpDistanceSq: 1,
})
const nobody = () => []

t.test('an example raises the bar around itself alone', (t) => {
  const mistakes = createMistakes([{ personId: 'a', otherId: null, embedding: at(40) }])
  const check = (degrees: number, distanceSq: number, modelId?: string) =>
    mistakes.check(at(degrees, modelId), match(distanceSq), MARGIN, nobody).outcome
  t.equal(check(40, 0.3), 'ambiguous', 'the example itself')
  t.equal(check(35, 0.2), 'ambiguous', 'nearer to the example')
  t.equal(check(0, 0), 'match', 'the person, who is clearly nearer to their own template')
  t.equal(check(40, 0.3, 'other'), 'match', 'an example of another encoder says nothing')
  const found: Identification = { outcome: 'unknown', nearestDistanceSq: 1 }
  t.equal(mistakes.check(at(40), found, MARGIN, nobody), found, 'it never names anybody')
  t.end()
})

t.test('a pair needs more of a lead, both ways, and nobody else does', (t) => {
  const mistakes = createMistakes([{ personId: 'b', otherId: 'a', embedding: null }])
  const check = (second: string, distanceSq: number) =>
    mistakes.check(at(0), match(0.2), MARGIN, () => [
      { personId: 'a', distanceSq: 0.2 },
      { personId: second, distanceSq },
    ]).outcome
  t.equal(check('b', 0.26), 'ambiguous')
  t.equal(check('b', 0.31), 'match')
  t.equal(check('c', 0.26), 'match')
  t.end()
})
