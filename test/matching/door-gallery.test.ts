import t from 'tap'

import { createDoorGallery } from '../../src/matching/door-gallery.js'
import { createGallery } from '../../src/matching/gallery.js'
import { randomEmbedding } from '../../src/bench/random-gallery.js'

const people = Array.from({ length: 20 }, (_, index) => ({
  templateId: `t${index}`,
  personId: `p${index}`,
  embedding: randomEmbedding('m'),
}))
const limits = { threshold: 0.5, margin: 0 }

t.test('K and identification are of those whom the door may admit', (t) => {
  const gallery = createDoorGallery('m', (id) => Number(id.slice(1)) % 2 === 0)
  people.forEach((one) => gallery.add(one))
  t.equal(gallery.personCount, 10)
  t.equal(gallery.templateCount, 10)
  t.match(gallery.identify(people[4].embedding, limits), { outcome: 'match', personId: 'p4' })
  t.match(gallery.identify(people[5].embedding, limits), { outcome: 'unknown' })
  t.equal(gallery.search(people[5].embedding, 1)[0].personId, 'p5', 'found to be enrolled')
  t.match(gallery.verify(people[5].embedding, 'p5', 0.5), { outcome: 'same' })
  t.ok(gallery.hasPerson('p5'))
  t.end()
})

t.test('a person changes sides when read anew', (t) => {
  let admitted = 'p1'
  const gallery = createDoorGallery('m', (id) => id === admitted)
  people.forEach((one) => gallery.add(one))
  admitted = 'p2'
  gallery.add({ ...people[1], templateId: 'second' })
  t.equal(gallery.personCount, 1, 'all templates of a person stay together')
  for (const index of [1, 2]) {
    gallery.removePerson(`p${index}`)
    gallery.add(people[index])
  }
  t.match(gallery.identify(people[2].embedding, limits), { personId: 'p2' })
  t.match(gallery.identify(people[1].embedding, limits), { outcome: 'unknown' })
  t.ok(gallery.remove('t1'))
  t.notOk(gallery.hasPerson('p1'))
  t.end()
})

t.test('a door that admits everybody is a plain gallery', (t) => {
  const [door, plain] = [createDoorGallery('m', () => true), createGallery('m')]
  for (const one of people) {
    door.add(one)
    plain.add(one)
  }
  const probe = randomEmbedding('m')
  t.same(door.search(probe, 5), plain.search(probe, 5))
  t.same(door.identify(probe, limits), plain.identify(probe, limits))
  t.end()
})
