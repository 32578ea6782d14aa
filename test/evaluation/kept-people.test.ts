import { appendFileSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { keptPeople } from '../../src/evaluation/kept-people.js'
import { openRowLog, type LearningRow } from '../../src/evaluation/learning-rows.js'
import { createSeededRandom } from '../../src/evaluation/statistics/random.js'
import type { LearningPerson } from '../../src/learning/people.js'
import { temporaryFolder } from '../store/samples.js'

const random = createSeededRandom(1)
const vector = () => Float32Array.from({ length: 128 }, () => random() - 0.5)
const people: readonly LearningPerson[] = [
  { id: 'Ada', pictures: [{ id: 'ada/1.jpg', vector: vector(), altered: [vector(), vector()] }] },
  { id: 'Bo', pictures: [{ id: 'bo/1.jpg', vector: vector(), altered: [] }] },
]

t.test(
  'encodings are kept to the bit, and made anew where anything they depend on changed',
  async (t) => {
    const file = join(temporaryFolder(t), 'sub', 'people.json')
    let gathered = 0
    const gather = () => {
      gathered++
      return Promise.resolve(people)
    }
    t.same(await keptPeople(undefined, 'one', gather), people)
    await keptPeople(file, 'one', gather)
    t.same(await keptPeople(file, 'one', gather), people)
    t.equal(gathered, 2, 'the third time from the file')
    await keptPeople(file, 'another', gather)
    t.equal(gathered, 3)
    writeFileSync(file, readFileSync(file).subarray(0, 300))
    t.same(await keptPeople(file, 'another', gather), people, 'half a file is none')
    t.equal(gathered, 4)
  },
)

t.test('finished rows are found again, half a line and other settings are passed over', (t) => {
  const file = join(temporaryFolder(t), 'rows.jsonl')
  const row: LearningRow = {
    triplets: 'semi-hard',
    alterations: ['mask'],
    adopted: false,
    reason: 'not surely better',
    activeShare: 0.1,
    pairs: null,
    enrolment: {},
  }
  openRowLog(file, 'one').append(row)
  appendFileSync(file, '{"setting":"one","row":{"trip')
  const name = { triplets: 'semi-hard', alterations: ['mask'] }
  const again = openRowLog(file, 'one')
  t.same(again.find(name), row)
  t.equal(again.find({ ...name, alterations: [] }), undefined)
  t.equal(openRowLog(file, 'another').find(name), undefined)
  again.append({ ...row, triplets: 'random' })
  t.equal(openRowLog(file, 'one').find({ ...name, triplets: 'random' })?.triplets, 'random')
  t.equal(openRowLog(undefined, 'one').append(row), row)
  t.end()
})
