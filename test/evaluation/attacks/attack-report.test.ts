import fc from 'fast-check'
import t from 'tap'
import { sumUpAttacks } from '../../../src/evaluation/attacks/attack-report.js'
import {
  ATTACK_SUITE_NAMES,
  ATTACK_SUITES,
  planAttack,
} from '../../../src/evaluation/attacks/suites.js'
import type { AttackTrial, ModeResult } from '../../../src/evaluation/attacks/play.js'

t.test('500 stills show each of the seven species by at least 60 people', (t) => {
  const plans = Array.from({ length: 500 }, (_, index) => planAttack('stills', index, 100))
  for (const species of ATTACK_SUITES.stills) {
    const own = plans.filter((plan) => plan.species === species)
    t.ok(new Set(own.map(({ personIndex }) => personIndex)).size >= 60, species)
  }
  t.equal(new Set(plans.map(({ seed }) => seed)).size, 500, 'no motion twice')
  t.end()
})

t.test('a plan stays within people and species', (t) => {
  fc.assert(
    fc.property(
      fc.constantFrom(...ATTACK_SUITE_NAMES),
      fc.nat(100_000),
      fc.integer({ min: 1, max: 500 }),
      (suite, index, people) => {
        const { species, personIndex } = planAttack(suite, index, people)
        const known: readonly string[] = ATTACK_SUITES[suite]
        return known.includes(species) && personIndex >= 0 && personIndex < people
      },
    ),
  )
  t.end()
})

const refused: ModeResult = {
  granted: false,
  outcomes: ['attack', 'no-liveness-evidence'],
  lifeEvents: 0,
  challengePassed: false,
  refusedBy: ['texture'],
}
const granted: ModeResult = {
  granted: true,
  outcomes: ['attack', 'granted'],
  lifeEvents: 2,
  challengePassed: true,
  refusedBy: [],
}
const trial = (index: number, species: string, modes: AttackTrial['modes']): AttackTrial => ({
  index,
  species,
  person: `p${index % 2}`,
  frames: 300,
  framesWithFace: index === 0 ? 0 : 300,
  modes,
})

t.test('trials are counted by species and mode; a species no mode saw is left out there', (t) => {
  const rates = sumUpAttacks([
    trial(0, 'tilt', { life: refused, challenge: refused }),
    trial(1, 'tilt', { life: granted, challenge: refused }),
    trial(2, 'challenge-replay', { challenge: refused }),
  ])
  t.match(
    rates.find(({ species, mode }) => species === 'tilt' && mode === 'life'),
    {
      trials: 2,
      people: 2,
      withoutFace: 1,
      grants: 1,
      withLifeEvent: 1,
      withChallengePassed: 1,
      refusedBy: { texture: 1 },
      outcomes: { attack: 2, granted: 1, 'no-liveness-evidence': 1 },
    },
  )
  t.match(
    rates.find(({ species, mode }) => species === 'all' && mode === 'challenge'),
    { trials: 3, grants: 0 },
  )
  t.notOk(rates.some(({ species, mode }) => species === 'challenge-replay' && mode === 'life'))
  t.end()
})
