import fc from 'fast-check'
import t from 'tap'
import type { Detection, Face } from '../src/detection/face.js'
import { createFaceFollower, type FollowRule } from '../src/follow-face.js'
import { createImage, type Frame } from '../src/frame/image.js'
import { moveBox, type PresentedFace } from '../src/presented-face.js'

const image = createImage(1, 1, new Uint8Array(3))
const RULE: FollowRule = { maxAgeMs: 150, maxDistanceSq: 0.5, minIou: 0.7 }
const BOX = { x: 100, y: 100, width: 80, height: 100 }
const HERE: Detection = { box: BOX, score: 0.9 }
const ELSEWHERE: Detection = { box: { ...BOX, x: 150 }, score: 0.9 }
const FACE: Face = {
  ...HERE,
  landmarks: new Float32Array(136),
  fivePoints: Float32Array.of(120, 140, 160, 140, 140, 160, 125, 180, 155, 180),
}

const frameAt = (monotonicMs: number): Frame => ({
  image,
  monotonicMs,
  sequence: 0,
  capturedAtMs: 0,
})

/** A face of which the encoder says one number. */
function presentedAs(who: number): PresentedFace {
  const embedding = { modelId: 'm', vector: Float32Array.of(who) }
  return {
    face: FACE,
    aligned: image,
    encoding: Promise.resolve({ embedding, tookMs: 0 }),
    locatingMs: 0,
    aligningMs: 0,
  }
}

/** What stands before the door in one frame. */
interface Scene {
  readonly who: number
  readonly seen: readonly Detection[]
}

function followerOf(scene: () => Scene, attendsTo = () => true) {
  let looks = 0
  const follower = createFaceFollower({
    presenter: { lead: () => Promise.resolve(presentedAs(scene().who)) },
    detect: () => {
      looks++
      return Promise.resolve([...scene().seen])
    },
    attendsTo,
    rule: RULE,
  })
  const tracked = (monotonicMs: number) => ({ trackId: 1, face: FACE, firstSeenMs: 0, monotonicMs })
  return {
    follower,
    looks: () => looks,
    saw: (monotonicMs: number, following: Awaited<ReturnType<typeof follower.follow>>) => {
      const embedding = Float32Array.of(scene().who)
      follower.saw({ tracked: tracked(monotonicMs), embedding }, following)
    },
  }
}

t.test('the same face is followed, the detector looks at every other frame', async (t) => {
  const { follower, looks, saw } = followerOf(() => ({ who: 0, seen: [HERE] }))
  const followed: boolean[] = []
  for (let at = 0; at < 9; at++) {
    const following = await follower.follow(frameAt(at * 66))
    followed.push(following.followed !== undefined)
    saw(at * 66, following)
  }
  t.strictSame(followed, [false, ...Array<boolean>(8).fill(true)])
  t.equal(looks(), 4, 'the first frame was detected, then looked at: 2, 4, 6, 8')
})

t.test('nobody is followed whom encoder or detector do not take for the same', async (t) => {
  const scenes = fc.array(
    fc.record({
      who: fc.constantFrom(0, 0, 0, 0.6, 0.8, 2),
      seen: fc.constantFrom([HERE], [HERE], [HERE], [ELSEWHERE], [HERE, ELSEWHERE], []),
      stepMs: fc.constantFrom(33, 66, 100, 149, 151, 400),
      isGood: fc.constantFrom(true, true, true, false),
    }),
    { maxLength: 40 },
  )
  let followedCount = 0
  await fc.assert(
    fc.asyncProperty(scenes, async (steps) => {
      let now: Scene = { who: 0, seen: [HERE] }
      const { follower, saw } = followerOf(() => now)
      let nowMs = 0
      let last: { who: number; ms: number; isGood: boolean } | undefined
      /** Of the last frames, newest first: whether the detector's word is known, and what it was. */
      let words: (boolean | undefined)[] = []
      for (const step of steps) {
        nowMs += step.stepMs
        now = step
        const following = await follower.follow(frameAt(nowMs))
        const isAlone = step.seen.length === 1
        const isThere = isAlone && step.seen[0] === HERE
        if (following.followed !== undefined) {
          followedCount++
          if (last?.isGood !== true || nowMs - last.ms > RULE.maxAgeMs) return false
          if ((step.who - last.who) ** 2 > RULE.maxDistanceSq) return false
          if (words[0] === false) return false
          if (words[0] === undefined && following.look === undefined) return false
          words = [following.look === undefined ? undefined : isThere, ...words]
        } else {
          words = [isAlone, ...words]
        }
        const isGood = step.isGood && (following.followed !== undefined || isAlone)
        last = { who: step.who, ms: nowMs, isGood }
        if (isGood) saw(nowMs, following)
        else follower.saw(undefined, following)
      }
      return true
    }),
    { numRuns: 300 },
  )
  t.ok(followedCount > 100, `${followedCount} frames were followed`)
})

t.test('a door that rests from a decision follows nobody', async (t) => {
  const { follower, saw } = followerOf(
    () => ({ who: 0, seen: [HERE] }),
    () => false,
  )
  saw(0, await follower.follow(frameAt(0)))
  t.strictSame(await follower.follow(frameAt(66)), { followed: undefined, look: undefined })
})

t.test('a detector that fails beside is told in the next frame', async (t) => {
  let fails = false
  const follower = createFaceFollower({
    presenter: { lead: () => Promise.resolve(presentedAs(0)) },
    detect: () => (fails ? Promise.reject(new Error('the net is gone')) : Promise.resolve([HERE])),
    attendsTo: () => true,
    rule: RULE,
  })
  const tracked = { trackId: 1, face: FACE, firstSeenMs: 0, monotonicMs: 0 }
  const embedding = Float32Array.of(0)
  for (const monotonicMs of [0, 66, 132]) {
    fails = monotonicMs === 132
    const following = await follower.follow(frameAt(monotonicMs))
    follower.saw({ tracked: { ...tracked, monotonicMs }, embedding }, following)
  }
  await t.rejects(follower.follow(frameAt(198)), /the net is gone/)
})

t.test('a box goes along with its points: shifted, turned about itself, scaled', (t) => {
  const moved = (map: (x: number, y: number) => readonly [number, number]) => {
    const to = new Float32Array(10)
    for (let i = 0; i < 10; i += 2) to.set(map(FACE.fivePoints[i], FACE.fivePoints[i + 1]), i)
    return moveBox(BOX, FACE, { fivePoints: to })
  }
  const near = (box: typeof BOX, wanted: typeof BOX) => {
    for (const key of ['x', 'y', 'width', 'height'] as const) {
      t.ok(Math.abs(box[key] - wanted[key]) < 1e-3, `${key}: ${box[key]} for ${wanted[key]}`)
    }
  }
  near(
    moved((x, y) => [x + 7, y - 3]),
    { ...BOX, x: 107, y: 97 },
  )
  near(
    moved((x, y) => [140 + 2 * (x - 140), 150 + 2 * (y - 150)]),
    { x: 60, y: 50, width: 160, height: 200 },
  )
  near(
    moved((x, y) => [140 - (y - 150), 150 + (x - 140)]),
    BOX,
  )
  t.end()
})
