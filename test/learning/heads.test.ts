import t from 'tap'
import { createSeededRandom } from '../../src/evaluation/statistics/random.js'
import { fitDiscriminant, fitPrincipal } from '../../src/learning/discriminant.js'
import { fromHeadFile, headFileSchema, toHeadFile } from '../../src/learning/head-file.js'
import { applyHead, composeHeads } from '../../src/learning/linear-head.js'

/** People who differ along the first axis, with much noise along the second. */
function people(count: number) {
  const random = createSeededRandom(3)
  const vectors: number[][] = []
  const persons: string[] = []
  for (let person = 0; person < count; person++) {
    const centre = [random() - 0.5, random() - 0.5, random() - 0.5]
    for (let i = 0; i < 4; i++) {
      vectors.push([centre[0] + 0.02 * (random() - 0.5), 8 * (random() - 0.5), centre[2]])
      persons.push(`person ${person}`)
    }
  }
  return { vectors, persons }
}

t.test('principal components follow the variance, discriminants follow the people', (t) => {
  const data = people(40)
  const principal = fitPrincipal(data, 1).weights.map(Math.abs)
  t.ok(principal[1] > principal[0] && principal[1] > principal[2], 'the noise is the strongest')
  const discriminant = fitDiscriminant(data, { length: 2, shrinkage: 1e-4 }).weights.map(Math.abs)
  t.ok(discriminant[1] < 0.1 * discriminant[0] || discriminant[1] < 0.1 * discriminant[2])
  t.throws(() => fitPrincipal({ vectors: [[1], [2]], persons: ['a', 'b'] }, 1), RangeError)
  t.throws(() => fitPrincipal({ vectors: [[1], [NaN]], persons: ['a', 'a'] }, 1), RangeError)
  t.throws(() => fitDiscriminant(data, { length: 4, shrinkage: 0.5 }), RangeError)
  t.end()
})

t.test('one head after another is one head, and survives its file', (t) => {
  const data = people(10)
  const first = fitPrincipal(data, 2)
  const second = fitPrincipal({ ...data, vectors: data.vectors.map((v) => applyHead(first, v)) }, 1)
  const [expected] = applyHead(second, applyHead(first, data.vectors[5]))
  const both = composeHeads(first, second)
  t.ok(Math.abs(applyHead(both, data.vectors[5])[0] - expected) < 1e-4)
  const learnt = { data: 'test', persons: 10, pictures: 40, method: 'PCA' }
  const file = toHeadFile(both, learnt)
  const again = fromHeadFile(headFileSchema.parse(JSON.parse(JSON.stringify(file))))
  t.ok(Math.abs(applyHead(again, data.vectors[5])[0] - expected) < 1e-4)
  t.notOk(headFileSchema.safeParse({ ...file, inputs: 4 }).success)
  t.notOk(headFileSchema.safeParse({ ...file, bias: 'AADAfw==' }).success, 'NaN')
  t.throws(() => composeHeads(second, second), RangeError)
  t.throws(() => applyHead(first, [1, 2]), RangeError)
  t.end()
})
