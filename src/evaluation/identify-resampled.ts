import type { Embedding } from '../encoding/embedding.js'
import { createGallery } from '../matching/gallery.js'
import type { IdentificationRow, IdentifyProtocolOptions } from './identify-protocol.js'
import { matedProbe, pick, type People } from './mated-probes.js'
import { clopperPearson } from './statistics/binomial-interval.js'
import { bootstrapByPerson } from './statistics/bootstrap.js'
import { createSeededRandom } from './statistics/random.js'

const RESAMPLES = 1000

/**
 * Beyond the people there are: each probe meets K persons drawn with replacement from all others,
 * so with m of N others within τ a stranger is named with 1 − (1 − m/N)^K; the margin is not
 * counted in the stranger's favour.
 */
export function runResampled(
  people: People,
  persons: number,
  options: IdentifyProtocolOptions,
): IdentificationRow {
  const { seed = 1, modelId } = options
  const random = createSeededRandom(seed + persons)
  const { threshold, margin } = options.thresholdFor(persons)
  const rule = { threshold, margin }
  const gallery = createGallery(modelId)
  const enrolled = people.map(({ pictures }, person) => {
    const { item, at } = pick(pictures, random)
    gallery.add({ templateId: String(person), personId: String(person), embedding: item })
    return { template: item, at }
  })
  const others = people.length - 1
  const named: number[] = []
  let nearPairs = 0
  let missed = 0
  let rank1 = 0
  let ambiguous = 0
  let wrong = 0
  const missedBy: { person: number; missed: number; rank1: number }[] = []
  people.forEach(({ pictures }, person) => {
    const id = String(person)
    const probe = matedProbe(pictures, enrolled[person].at, random)
    const asStranger = rank(enrolled[person].template, id)
    const near = asStranger.filter((distance) => distance <= rule.threshold).length
    nearPairs += near
    named.push(1 - (1 - near / others) ** persons)
    if (!probe) return
    const ranked = rank(probe, id)
    const own = gallery.verify(probe, id, 4)
    const ownSq = 'distanceSq' in own ? own.distanceSq : 4
    const noneWithin = (limitSq: number): number =>
      (1 - ranked.filter((distance) => distance < limitSq).length / others) ** (persons - 1)
    const isNear = ownSq <= rule.threshold
    const alone = noneWithin(ownSq)
    const clear = noneWithin(ownSq + rule.margin)
    const right = isNear ? clear : 0
    missed += 1 - right
    rank1 += alone
    ambiguous += isNear ? alone - clear : 0
    wrong += 1 - noneWithin(Math.min(ownSq, rule.threshold))
    missedBy.push({ person, missed: 1 - right, rank1: alone })
  })
  if (missedBy.length === 0) throw new RangeError('nobody has a second picture')
  const expected = named.reduce((sum, value) => sum + value, 0)
  const boot = meanInterval(
    named.map((value, person) => ({ person, value })),
    people.length,
    seed,
  )
  const pairs = (people.length * others) / 2
  const bound = clopperPearson(Math.round(nearPairs / 2), pairs)
  return {
    persons,
    kind: 'resampled',
    ...rule,
    nonMatedProbes: people.length,
    falseIdentifications: expected,
    fpir: {
      rate: expected / people.length,
      low: boot.low,
      high: Math.max(boot.high, 1 - (1 - bound.high) ** persons),
    },
    matedProbes: missedBy.length,
    fnir: {
      rate: missed / missedBy.length,
      ...meanInterval(
        missedBy.map(({ person, missed }) => ({ person, value: missed })),
        people.length,
        seed,
      ),
    },
    rank1: {
      rate: rank1 / missedBy.length,
      ...meanInterval(
        missedBy.map(({ person, rank1 }) => ({ person, value: rank1 })),
        people.length,
        seed,
      ),
    },
    ambiguousRate: ambiguous / missedBy.length,
    misidentificationRate: wrong / missedBy.length,
  }

  /** Distances to all other persons. */
  function rank(probe: Embedding, self: string): number[] {
    return gallery
      .search(probe, people.length)
      .filter(({ personId }) => personId !== self)
      .map(({ distanceSq }) => distanceSq)
  }
}

function meanInterval(
  values: readonly { readonly person: number; readonly value: number }[],
  personCount: number,
  seed: number,
): { low: number; high: number } {
  return bootstrapByPerson(
    personCount,
    (weights) => {
      let sum = 0
      let total = 0
      for (const { person, value } of values) {
        sum += weights[person] * value
        total += weights[person]
      }
      return sum / total
    },
    { seed, resamples: RESAMPLES },
  )
}
