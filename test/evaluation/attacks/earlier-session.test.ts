import t from 'tap'
import {
  createSeededDrawer,
  findEarlierSession,
  passesAt,
} from '../../../src/evaluation/attacks/earlier-session.js'
import type { ChallengeFrame } from '../../../src/liveness/challenge/challenge.js'
import type { FaceReading } from '../../../src/liveness/challenge/movements.js'

const NEUTRAL: FaceReading = { turn: 0, nod: 50, closed: 0, mouthWidth: 0.8, lipGap: 0 }
const SAME = Float32Array.from({ length: 128 }, (_, i) => (i === 0 ? 1 : 0))

/** Somebody who does one thing after the other, a second each, at rest in between. */
function somebody(movements: readonly Partial<FaceReading>[]): ChallengeFrame[] {
  return Array.from({ length: movements.length * 30 }, (_, i): ChallengeFrame => {
    const isMoving = i % 30 >= 18
    const reading = isMoving ? { ...NEUTRAL, ...movements[Math.floor(i / 30)] } : NEUTRAL
    return { monotonicMs: (i * 1000) / 15, reading, embedding: SAME }
  })
}

const BUSY = somebody([
  { turn: 20 },
  { closed: 1 },
  { turn: -20 },
  { mouthWidth: 1 },
  { nod: 30 },
  { lipGap: 0.3 },
  { turn: 20 },
  { nod: 30 },
])

t.test('a recording of a busy person answers some challenge, and never one drawn again', (t) => {
  for (let seed = 1; seed <= 20; seed++) {
    const session = findEarlierSession(BUSY, seed)
    t.ok(session !== undefined, `seed ${seed}`)
    if (session === undefined) continue
    t.ok(session.passedMs > session.startMs)
    t.equal(passesAt(BUSY, session.startMs, session.drawn), session.passedMs)
    const next = Array.from({ length: 10 }, () => session.draw().steps.join(' '))
    t.notOk(next.includes(session.drawn.steps.join(' ')), 'the door remembers its last ten')
  }
  t.end()
})

t.test('a face at rest answers nothing', (t) => {
  t.equal(findEarlierSession(somebody([{}, {}, {}]), 1), undefined)
  t.end()
})

t.test('the same seed draws the same challenges', (t) => {
  const [one, other] = [createSeededDrawer(4), createSeededDrawer(4)]
  t.strictSame(one(), other())
  t.notSame(createSeededDrawer(5)().nonce, createSeededDrawer(4)().nonce)
  t.end()
})
