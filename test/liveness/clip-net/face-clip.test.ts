import t from 'tap'
import { configSchema } from '../../../src/config/schema.js'
import { readClip } from '../../../src/capture/clip-reader.js'
import { cutClips, CLIP_FRAMES_PER_SECOND } from '../../../src/liveness/clip-net/datasets.js'
import {
  CLIP_FRAMES,
  CLIP_MS,
  makeFaceClip,
  pickMoments,
} from '../../../src/liveness/clip-net/face-clip.js'
import type { ViewMoment } from '../../../src/liveness/clip-net/face-clip.js'
import {
  carry,
  createPlaneRegistration,
  readAt,
} from '../../../src/liveness/clip-net/plane-registration.js'
import { genericDepth } from '../../../src/liveness/clip-net/moving-face.js'
import { synthesiseClip } from '../../../src/liveness/clip-net/synthesise.js'
import { assetPath } from '../../../src/models/registry.js'
import { loadStages } from '../../../src/stages.js'

const SIDE = 64

/** A smooth, feature-rich picture read at a place in −1..1. */
function scene(u: number, v: number): number {
  return 128 + 40 * Math.sin(5 * u + 1) * Math.cos(6 * v) + 25 * Math.sin(11 * u * v + 3 * v)
}

function drawn(warp: (u: number, v: number) => readonly [number, number]): Float32Array {
  return Float32Array.from({ length: SIDE * SIDE }, (_, i) => {
    const u = (((i % SIDE) + 0.5) / SIDE) * 2 - 1
    const v = ((Math.floor(i / SIDE) + 0.5) / SIDE) * 2 - 1
    return scene(...warp(u, v))
  })
}

t.test('a tilted, brighter picture is registered; almost nothing remains', (t) => {
  const template = drawn((u, v) => [u, v])
  const tilt = Float64Array.from([1.03, 0.04, 0.03, -0.03, 0.98, -0.02, 0.04, -0.03, 1])
  const moved = drawn((u, v) => carry(tilt, u, v)).map((value) => 0.8 * value + 20)
  const { homography, gain, offset } = createPlaneRegistration(template, SIDE).register(moved)
  let before = 0
  let after = 0
  let count = 0
  for (let v = -0.5; v <= 0.5; v += 0.1) {
    for (let u = -0.5; u <= 0.5; u += 0.1) {
      const [x, y] = carry(homography, u, v)
      after += Math.abs(gain * readAt(moved, SIDE, x, y) + offset - scene(u, v))
      before += Math.abs((readAt(moved, SIDE, u, v) - 20) / 0.8 - scene(u, v))
      count++
    }
  }
  t.ok(after / count < 1, `left over ${after / count}`)
  t.ok(after < before / 8, `of ${before / count}`)
  t.end()
})

t.test('a clip is picked only from moments that fill it evenly', (t) => {
  const gray = { side: 128, pixels: new Float32Array(128 * 128) }
  const at = (times: number[]): ViewMoment[] => times.map((monotonicMs) => ({ monotonicMs, gray }))
  const steady = Array.from({ length: 40 }, (_, i) => i * 66)
  t.equal(pickMoments(at(steady))?.length, CLIP_FRAMES)
  t.equal(pickMoments(at(steady.slice(0, 20))), undefined, 'too short')
  t.equal(pickMoments(at(steady.filter((ms) => ms < 1000 || ms > 1400))), undefined, 'a hole')
  t.equal(pickMoments([]), undefined)
  const exact = Array.from({ length: CLIP_FRAMES }, (_, i) => ((i + 1) * CLIP_MS) / CLIP_FRAMES)
  t.equal(makeFaceClip(at(exact)), undefined, 'a face without contrast')
  t.end()
})

t.test('the generic depth has a nose and falls off to the sides', (t) => {
  t.ok(genericDepth(0, 0.62) > genericDepth(0.35, 0.62) + 0.2)
  t.ok(genericDepth(0, 0.62) > genericDepth(0, 0) && genericDepth(0, 0) > genericDepth(1.1, 0.3))
  t.end()
})

t.test('rendered of a real frame, a head leaves more than a sheet does', async (t) => {
  const stages = await loadStages(configSchema.parse({}).models)
  const frames = readClip(assetPath('franck.mp4'), {
    framesPerSecond: CLIP_FRAMES_PER_SECOND,
    durationS: 2.2,
  })
  const kept = []
  for await (const frame of frames) kept.push(frame)
  const picture = kept[0].image
  const [{ landmarks }] = await stages.finder.find(picture)
  const energy = (clip: Float32Array | undefined): number =>
    clip === undefined ? NaN : Math.sqrt(clip.reduce((sum, v) => sum + v * v, 0) / clip.length)
  const of = async (kind: 'head' | 'sheet', seed: number) =>
    energy(await synthesiseClip({ picture, landmarks }, kind, seed, stages.viewFace))
  let heads = 0
  let sheets = 0
  for (const seed of [1, 2, 3]) {
    heads += await of('head', seed)
    sheets += await of('sheet', seed)
  }
  t.ok(heads > 1.5 * sheets, `heads ${heads / 3}, sheets ${sheets / 3}`)
  t.same(await of('sheet', 1), await of('sheet', 1), 'the same seed gives the same clip')
  t.equal((await cutClips(kept, stages)).length, 1, 'two seconds of a real face make one clip')
  for (const net of Object.values(stages.nets)) await net.release()
})
