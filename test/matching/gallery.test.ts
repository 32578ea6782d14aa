import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import { distanceSq, EMBEDDING_LENGTH, type Embedding } from '../../src/encoding/embedding.js'
import { EmbeddingRefusedError } from '../../src/matching/embedding-fault.js'
import { createGallery, type GalleryTemplate } from '../../src/matching/gallery.js'
import { MODEL, near, randomEmbedding, seededRandom } from './vectors.js'

/** What the gallery must agree with: every template compared, in double precision. */
function bruteForce(
  templates: Iterable<GalleryTemplate>,
  probe: Embedding,
): { personId: string; distanceSq: number }[] {
  const best = new Map<string, number>()
  for (const { personId, embedding } of templates) {
    const distance = distanceSq(probe.vector, embedding.vector)
    best.set(personId, Math.min(distance, best.get(personId) ?? Infinity))
  }
  return [...best]
    .map(([personId, distance]) => ({ personId, distanceSq: distance }))
    .sort((a, b) => a.distanceSq - b.distanceSq)
}

function people(count: number, templatesEach: number, seed: number): GalleryTemplate[] {
  const random = seededRandom(seed)
  return Array.from({ length: count }, (_, p) => {
    const centre = randomEmbedding(random)
    return Array.from({ length: templatesEach }, (_, i) => ({
      templateId: `t${p}.${i}`,
      personId: `p${p}`,
      embedding: near(centre, 0.5, random),
    }))
  }).flat()
}

t.test('search ranks persons by their nearest template', (t) => {
  const gallery = createGallery(MODEL)
  const templates = people(200, 3, 1)
  for (const template of templates) gallery.add(template)
  t.equal(gallery.personCount, 200)
  t.equal(gallery.templateCount, 600)
  const random = seededRandom(2)
  for (let i = 0; i < 50; i++) {
    const probe = near(templates[i * 3].embedding, 0.7, random)
    for (const k of [1, 2, 10, 200, 500]) {
      t.strictSame(gallery.search(probe, k), bruteForce(templates, probe).slice(0, k))
    }
  }
  t.end()
})

t.test('an empty gallery knows nobody', (t) => {
  const gallery = createGallery(MODEL)
  const probe = randomEmbedding(seededRandom(3))
  t.strictSame(gallery.search(probe, 5), [])
  t.strictSame(gallery.identify(probe, { threshold: 4, margin: 0 }), {
    outcome: 'unknown',
    nearestDistanceSq: null,
  })
  t.strictSame(gallery.verify(probe, 'p1', 4), { outcome: 'not-enrolled' })
  t.end()
})

t.test('identify is open-set', (t) => {
  const random = seededRandom(4)
  const [anna, bert] = [randomEmbedding(random), randomEmbedding(random)]
  const gallery = createGallery(MODEL)
  gallery.add({ templateId: '1', personId: 'anna', embedding: anna })

  t.match(gallery.identify(anna, { threshold: 0.5, margin: 0.1 }), {
    outcome: 'match',
    personId: 'anna',
    distanceSq: 0,
    runnerUpDistanceSq: null,
  })
  gallery.add({ templateId: '2', personId: 'bert', embedding: bert })
  const stranger = randomEmbedding(random)
  const answer = gallery.identify(stranger, { threshold: 0.5, margin: 0.1 })
  t.equal(answer.outcome, 'unknown')
  t.notOk('personId' in answer, 'the nearest stranger is never named')

  gallery.add({ templateId: '3', personId: 'twin', embedding: near(anna, 0.05, random) })
  const twins = gallery.identify(anna, { threshold: 0.5, margin: 0.1 })
  t.equal(twins.outcome, 'ambiguous')
  t.notOk('personId' in twins, 'an ambiguous answer names nobody')
  gallery.add({ templateId: '4', personId: 'copy', embedding: anna })
  t.equal(
    gallery.identify(anna, { threshold: 0.5, margin: 0 }).outcome,
    'ambiguous',
    'a tie is ambiguous even without a margin',
  )
  t.end()
})

t.test('the threshold belongs to the match, not beyond', (t) => {
  const random = seededRandom(5)
  const anna = randomEmbedding(random)
  const probe = near(anna, 0.5, random)
  const gallery = createGallery(MODEL)
  gallery.add({ templateId: '1', personId: 'anna', embedding: anna })
  const threshold = distanceSq(anna.vector, probe.vector)
  t.equal(gallery.identify(probe, { threshold, margin: 0 }).outcome, 'match')
  t.equal(gallery.verify(probe, 'anna', threshold).outcome, 'same')
  const below = threshold * (1 - 1e-12)
  t.equal(gallery.identify(probe, { threshold: below, margin: 0 }).outcome, 'unknown')
  t.equal(gallery.verify(probe, 'anna', below).outcome, 'different')
  t.end()
})

t.test('verify looks only at the claimed person, at all their templates', (t) => {
  const random = seededRandom(6)
  const [young, old, other] = [1, 2, 3].map(() => randomEmbedding(random))
  const gallery = createGallery(MODEL)
  gallery.add({ templateId: '1', personId: 'anna', embedding: young })
  gallery.add({ templateId: '2', personId: 'anna', embedding: old })
  gallery.add({ templateId: '3', personId: 'bert', embedding: other })
  t.match(gallery.verify(old, 'anna', 0.5), { outcome: 'same', distanceSq: 0 })
  t.equal(gallery.verify(other, 'anna', 0.5).outcome, 'different')
  t.end()
})

t.test('unusable settings are an error, not a wide open door', (t) => {
  const gallery = createGallery(MODEL)
  const embedding = randomEmbedding(seededRandom(7))
  gallery.add({ templateId: '1', personId: 'anna', embedding })
  for (const threshold of [NaN, Infinity, -0.1, 4.1]) {
    t.throws(() => gallery.identify(embedding, { threshold, margin: 0 }), RangeError)
    t.throws(() => gallery.verify(embedding, 'anna', threshold), RangeError)
  }
  for (const margin of [NaN, -1]) {
    t.throws(() => gallery.identify(embedding, { threshold: 1, margin }), RangeError)
  }
  for (const k of [0, -1, 1.5, NaN]) t.throws(() => gallery.search(embedding, k), RangeError)
  t.throws(() => gallery.add({ templateId: '1', personId: 'bert', embedding }), /already/)
  t.equal(gallery.personCount, 1)
  t.end()
})

t.test('any mix of additions and removals equals a gallery built afresh', (t) => {
  const pool = people(12, 4, 8)
  const probes = people(3, 1, 9).map(({ embedding }) => embedding)
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(pool.length - 1), fc.constantFrom('add', 'remove', 'person'))),
      (steps) => {
        const gallery = createGallery(MODEL)
        const kept = new Map<string, GalleryTemplate>()
        for (const [at, step] of steps) {
          const template = pool[at]
          if (step === 'add' && !kept.has(template.templateId)) {
            gallery.add(template)
            kept.set(template.templateId, template)
          } else if (step === 'remove') {
            assert.equal(gallery.remove(template.templateId), kept.delete(template.templateId))
          } else if (step === 'person') {
            const theirs = [...kept.values()].filter((x) => x.personId === template.personId)
            for (const { templateId } of theirs) kept.delete(templateId)
            assert.equal(gallery.removePerson(template.personId), theirs.length)
          }
        }
        assert.equal(gallery.templateCount, kept.size)
        assert.equal(gallery.personCount, new Set([...kept.values()].map((x) => x.personId)).size)
        for (const probe of [...probes, pool[0].embedding]) {
          const expected = bruteForce(kept.values(), probe)
          assert.deepEqual(gallery.search(probe, 50), expected)
          assert.deepEqual(gallery.search(probe, 1), expected.slice(0, 1))
          for (const { personId } of pool) {
            const person = expected.find((x) => x.personId === personId)
            assert.equal(gallery.hasPerson(personId), person !== undefined)
            const verified = gallery.verify(probe, personId, 4)
            assert.equal(
              'distanceSq' in verified ? verified.distanceSq : undefined,
              person?.distanceSq,
            )
          }
        }
      },
    ),
    { numRuns: 40 },
  )
  t.pass('holds for all that was tried')
  t.end()
})

const good = randomEmbedding(seededRandom(10))
const badVector = fc.oneof(
  fc.constantFrom(NaN, Infinity, -Infinity, 1e30, -3e38).chain((value) =>
    fc.nat(EMBEDDING_LENGTH - 1).map((at) => {
      const vector = good.vector.slice()
      vector[at] = value
      return vector
    }),
  ),
  fc.constant(new Float32Array(EMBEDDING_LENGTH)),
  fc
    .oneof(fc.double({ min: 0, max: 0.99 }), fc.double({ min: 1.01, max: 1e6 }))
    .map((scale) => good.vector.map((component) => component * scale)),
  fc
    .integer({ min: 0, max: 600 })
    .filter((length) => length !== EMBEDDING_LENGTH)
    .map((length) => Float32Array.from({ length }, () => 1 / Math.sqrt(length))),
)

t.test('an unfit embedding never matches, never enters, never harms', (t) => {
  const gallery = createGallery(MODEL)
  gallery.add({ templateId: '1', personId: 'anna', embedding: good })
  fc.assert(
    fc.property(badVector, (vector) => {
      const bad: Embedding = { modelId: MODEL, vector }
      assert.throws(
        () => gallery.add({ templateId: 'x', personId: 'bert', embedding: bad }),
        EmbeddingRefusedError,
      )
      assert.throws(() => gallery.search(bad, 1), EmbeddingRefusedError)
      assert.equal(gallery.identify(bad, { threshold: 4, margin: 0 }).outcome, 'refused')
      assert.equal(gallery.verify(bad, 'anna', 4).outcome, 'refused')
      assert.equal(gallery.identify(good, { threshold: 0, margin: 0 }).outcome, 'match')
      assert.equal(gallery.templateCount, 1)
    }),
  )
  t.pass('holds for all that was tried')
  t.end()
})

t.test("another model's embedding is refused by name", (t) => {
  const gallery = createGallery(MODEL)
  gallery.add({ templateId: '1', personId: 'anna', embedding: good })
  const foreign: Embedding = { modelId: 'other-encoder', vector: good.vector }
  t.throws(() => gallery.add({ templateId: '2', personId: 'anna', embedding: foreign }), {
    fault: 'other-model',
    message: /other-encoder/,
  })
  t.match(gallery.identify(foreign, { threshold: 4, margin: 0 }), {
    outcome: 'refused',
    fault: 'other-model',
  })
  t.match(gallery.verify(foreign, 'anna', 4), { outcome: 'refused', fault: 'other-model' })
  t.end()
})
