import fc from 'fast-check'
import t from 'tap'
import { areaUnderRoc, sumUpPad, type PadTrial } from '../../../src/evaluation/pad/pad-report.js'

function trial(species: string, fused: PadTrial['fused'], score: number, person = 'a'): PadTrial {
  return {
    path: `${species}/${person}`,
    kind: 'picture',
    species,
    isLive: species === 'live',
    person,
    fused,
    fusedScore: fused === 'no-response' ? null : score,
    cues: fused === 'no-response' ? {} : { texture: { score, accepted: fused === 'accepted' } },
  }
}

t.test('errors are counted by species, and non-response apart', (t) => {
  const figures = sumUpPad([
    trial('live', 'accepted', 0.9),
    trial('live', 'accepted', 0.8, 'b'),
    trial('live', 'refused', 0.4, 'b'),
    trial('live', 'no-response', 0),
    trial('print', 'refused', 0.1),
    trial('print', 'accepted', 0.7, 'b'),
    trial('screen', 'refused', 0.1),
    trial('screen', 'no-response', 0.1),
  ])
  t.match(figures.fused, {
    species: {
      print: { apcer: 0.5, n: 2, accepted: 1, people: 2, peopleAccepted: 1, noResponse: 0 },
      screen: { apcer: 0, n: 2, noResponse: 1 },
    },
    bpcer: 1 / 3,
    bonaFide: { n: 4, accepted: 2, refused: 1, noResponse: 1, people: 2, peopleRefused: 1 },
    acer: (0.5 + 1 / 3) / 2,
    nonResponse: 0.25,
  })
  t.match(figures.cues['texture'], { apcer: 0.5, bpcer: 1 / 3, n: 6, auc: 8 / 9 })
  t.ok(figures.fused.species['screen'].ci95.high > 0.8, 'two trials prove little')
  t.end()
})

t.test('one kind alone gives no area and no ACER', (t) => {
  t.match(sumUpPad([trial('live', 'accepted', 1)]), {
    cues: { texture: { auc: null, apcer: null, bpcer: 0 } },
    fused: { acer: null, bpcer: 0, species: {} },
  })
  t.match(sumUpPad([]), { fused: { bpcer: null, acer: null, nonResponse: 0 } })
  t.end()
})

t.test('the area under the curve is the share of pairs in the right order', (t) => {
  const scores = fc.array(fc.constantFrom(0, 0.25, 0.5, 0.75, 1), { minLength: 1, maxLength: 12 })
  fc.assert(
    fc.property(scores, scores, (live, attacks) => {
      const wins = live.flatMap((a) => attacks.map((b) => (a > b ? 1 : a === b ? 0.5 : 0)))
      const share = wins.reduce<number>((sum, win) => sum + win, 0) / wins.length
      return Math.abs((areaUnderRoc(live, attacks) ?? -1) - share) < 1e-12
    }),
  )
  t.end()
})
