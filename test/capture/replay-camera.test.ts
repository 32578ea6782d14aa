import { createHash } from 'node:crypto'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import sharp from 'sharp'
import t from 'tap'
import type { Camera, CameraState } from '../../src/capture/camera.js'
import { createReplayCamera } from '../../src/capture/replay-camera.js'
import {
  defaultReplayPlaylist,
  REPLAY_ASSETS,
  type ReplayItem,
} from '../../src/capture/replay-playlist.js'
import type { Frame } from '../../src/frame/image.js'
import {
  assetPath,
  bundled,
  childPids,
  makeClip,
  noAssets,
  noBundled,
  noSystem,
  system,
} from './sample-clips.js'

const geometry = { width: 640, height: 480, framesPerSecond: 15 }
const never = new AbortController().signal
const folder = t.testdir()
const clip = join(folder, 'clip.mp4')
const portrait = join(folder, 'portrait.jpg')

t.before(async () => {
  await makeClip(clip, '400x300', 2)
  const noise = { type: 'gaussian', mean: 128, sigma: 60 } as const
  await sharp({ create: { width: 600, height: 900, channels: 3, background: '#000', noise } })
    .jpeg()
    .toFile(portrait)
})

type Still = ReplayItem & { kind: 'still' }
const still = (more: Partial<Still>): Still => ({
  kind: 'still',
  label: 'a still',
  from: { picture: portrait },
  shown: 'held',
  durationS: 1,
  ...more,
})

const hash = (frame: Frame) => createHash('sha256').update(frame.image.data).digest('hex')

async function take(camera: Camera, count: number): Promise<Frame[]> {
  const frames: Frame[] = []
  while (frames.length < count) {
    const frame = await camera.nextFrame(never)
    if (!frame) break
    frames.push(frame)
  }
  return frames
}

/** Plays one item and returns all its frames, without the gap after it. */
async function playOnce(item: ReplayItem, binary = system ?? bundled): Promise<Frame[]> {
  const frames: Frame[] = []
  let items = 0
  const camera = createReplayCamera({
    playlist: [item],
    geometry,
    stallTimeoutMs: 5000,
    gapS: 0,
    onItem: () => (items += 1),
    findBinary: () => Promise.resolve(binary),
  })
  camera.start()
  for (;;) {
    const frame = await camera.nextFrame(never)
    if (!frame || items > 1) break
    frames.push(frame)
  }
  await camera.stop()
  return frames
}

t.test('the items come in turn, for ever, with an empty scene between them', async (t) => {
  const begun: number[] = []
  const playlist: ReplayItem[] = [
    { kind: 'clip', label: 'moving', file: clip, startS: 0.5, durationS: 1 },
    still({ label: 'held', durationS: 0.5 }),
  ]
  const camera = createReplayCamera({
    playlist,
    geometry,
    stallTimeoutMs: 5000,
    gapS: 0.4,
    onItem: (item, index) => {
      t.equal(item, playlist[index])
      begun.push(index)
    },
  })
  camera.start()
  const frames: Frame[] = []
  while (begun.length < 4) frames.push(...(await take(camera, 1)))
  await camera.stop()
  t.same(begun.slice(0, 4), [0, 1, 0, 1])
  t.ok(frames.every(({ image }) => image.data.length === 640 * 480 * 3))
  t.ok(frames.every((frame, i) => i === 0 || frame.monotonicMs > frames[i - 1].monotonicMs))
  const isEmpty = ({ image }: Frame) => image.data.every((value, i) => value === image.data[i % 3])
  const empty = frames.filter(isEmpty).length
  t.ok(empty >= 8, `${empty} empty frames`)
  t.same(childPids(), [])
})

for (const [name, binary, skip] of [
  ['system', system, noSystem],
  ['bundled', bundled, noBundled],
] as const) {
  t.test(`a still held with ${name} ffmpeg is the same to the byte`, { skip }, async (t) => {
    const frames = await playOnce(still({}), binary)
    t.ok(frames.length >= 12 && frames.length <= 15, `${frames.length} frames in 1 s`)
    t.equal(new Set(frames.map(hash)).size, 1)
  })

  t.test(`a still moved with ${name} ffmpeg moves in every frame`, { skip }, async (t) => {
    const frames = await playOnce(still({ shown: 'moved', seed: 7 }), binary)
    t.ok(frames.length >= 12, `${frames.length} frames in 1 s`)
    t.equal(new Set(frames.map(hash)).size, frames.length)
  })

  t.test(`noise with ${name} ffmpeg changes every frame a little`, { skip }, async (t) => {
    const frames = await playOnce(still({ noise: 2 }), binary)
    t.equal(new Set(frames.map(hash)).size, frames.length)
    const [a, b] = [frames[2].image.data, frames[3].image.data]
    const differences = a.map((value, i) => Math.abs(value - b[i]))
    const meanOff = differences.reduce((sum, value) => sum + value, 0) / a.length
    t.ok(meanOff > 0.5 && meanOff < 8, `mean difference ${meanOff.toFixed(2)} grey levels`)
  })
}

t.test('the same seed gives the same motion, another seed another', async (t) => {
  const [first, again, other] = [
    await playOnce(still({ shown: 'moved', seed: 7 })),
    await playOnce(still({ shown: 'moved', seed: 7 })),
    await playOnce(still({ shown: 'moved', seed: 8 })),
  ].map((frames) => new Set(frames.map(hash)))
  const shared = [...first].filter((value) => again.has(value)).length
  t.ok(shared >= Math.min(first.size, again.size) - 3, `${shared} of ${first.size} frames agree`)
  t.equal([...first].filter((value) => other.has(value)).length, 0)
})

t.test('a still from a clip is the picture of that time', async (t) => {
  const early = await playOnce(still({ from: { clip, atS: 0.2 }, durationS: 0.4 }))
  const late = await playOnce(still({ from: { clip, atS: 1.5 }, durationS: 0.4 }))
  t.equal(new Set(early.map(hash)).size, 1)
  t.not(hash(early[0]), hash(late[0]))
})

t.test('a missing file is reported, and the rest of the list goes on', async (t) => {
  const gone = join(folder, 'gone.mp4')
  rmSync(gone, { force: true })
  const states: CameraState[] = []
  const camera = createReplayCamera({
    playlist: [
      { kind: 'clip', label: 'gone', file: gone, startS: 0, durationS: 1 },
      still({ label: 'gone, too', from: { clip: gone, atS: 1 } }),
      still({ label: 'not a picture', from: { picture: clip } }),
      still({ durationS: 0.3 }),
    ],
    geometry,
    stallTimeoutMs: 5000,
    gapS: 0.1,
    backoff: { firstMs: 10, maxMs: 20 },
    onState: (state) => states.push(state),
  })
  camera.start()
  t.equal((await take(camera, 1)).length, 1)
  const causes = states.flatMap((state) => (state.name === 'degraded' ? [state.cause] : []))
  t.match(causes, [/gone\.mp4: No such file/, /gone, too.*No such file/, /not a picture/])
  await camera.stop()
})

t.test('an empty playlist is refused', (t) => {
  t.throws(() => createReplayCamera({ playlist: [], geometry, stallTimeoutMs: 1000 }), RangeError)
  t.end()
})

t.test('the default playlist names its assets and lasts under a minute', (t) => {
  const named = new Set<string>()
  const items = defaultReplayPlaylist((name) => {
    named.add(name)
    return `/assets/${name}`
  })
  t.same([...named].sort(), [...REPLAY_ASSETS].sort())
  const totalS = items.reduce((sum, { durationS }) => sum + durationS + 1.2, 0)
  t.ok(totalS <= 60, `${totalS} s`)
  t.end()
})

t.test('each item of the default playlist shows a picture', { skip: noAssets }, async (t) => {
  for (const item of defaultReplayPlaylist(assetPath)) {
    const frames = await playOnce({ ...item, durationS: 0.5 })
    t.ok(frames.length >= 5, `${item.label}: ${frames.length} frames`)
    const { data } = frames[2].image
    t.ok(new Set(data.subarray(0, 640 * 480 * 3)).size > 100, 'with many shades')
  }
})
