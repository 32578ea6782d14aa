import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { readClip, type ReadClipOptions } from '../../src/capture/clip-reader.js'
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

const folder = t.testdir()
const clip = join(folder, 'clip.mp4')

t.before(async () => {
  await makeClip(clip, '320x240', 4)
})

async function collect(file: string, options: ReadClipOptions): Promise<Frame[]> {
  const frames = []
  for await (const frame of readClip(file, options)) frames.push(frame)
  return frames
}

for (const [name, binary, skip] of [
  ['system', system, noSystem],
  ['bundled', bundled, noBundled],
] as const) {
  const findBinary = () => Promise.resolve(binary)

  t.test(`${name} ffmpeg gives every frame with its media time`, { skip }, async (t) => {
    const frames = await collect(clip, { framesPerSecond: 15, findBinary })
    t.equal(frames.length, 60)
    t.same(
      frames.map(({ sequence }) => sequence),
      frames.map((_, i) => i),
    )
    t.ok(frames.every(({ monotonicMs }, i) => Math.abs(monotonicMs - (i * 1000) / 15) < 0.01))
    t.ok(frames.every(({ image }) => image.width === 320 && image.height === 240))
    const kinds = new Set(frames.map(({ image }) => Buffer.from(image.data).toString('latin1')))
    t.ok(kinds.size >= 59, `${kinds.size} different pictures`)
  })

  t.test(`${name} ffmpeg reads a segment in a given size`, { skip }, async (t) => {
    const frames = await collect(clip, {
      framesPerSecond: 10,
      startS: 1,
      durationS: 2,
      size: { width: 160, height: 160, fit: 'cropped' },
      findBinary,
    })
    t.equal(frames.length, 20)
    t.equal(frames[0].monotonicMs, 1000)
    t.equal(frames[19].monotonicMs, 2900)
    t.same([frames[0].image.width, frames[0].image.height], [160, 160])
  })
}

t.test('both ffmpegs see the same pictures', { skip: noSystem || noBundled }, async (t) => {
  const read = (binary: typeof system) =>
    collect(clip, { framesPerSecond: 15, durationS: 1, findBinary: () => Promise.resolve(binary) })
  const [ours, theirs] = [await read(system), await read(bundled)]
  t.equal(ours.length, theirs.length)
  const worst = ours.map(({ image }, i) =>
    image.data.reduce((sum, value, at) => sum + Math.abs(value - theirs[i].image.data[at]), 0),
  )
  const meanOff = Math.max(...worst) / ours[0].image.data.length
  t.ok(meanOff < 2, `mean difference at most ${meanOff.toFixed(3)} grey levels`)
})

t.test('a reader that leaves early leaves no process', async (t) => {
  for await (const frame of readClip(clip, { framesPerSecond: 15 })) {
    if (frame.sequence === 3) break
  }
  t.same(childPids(), [])
})

t.test('a slow reader misses nothing', async (t) => {
  let frames = 0
  for await (const frame of readClip(clip, { framesPerSecond: 15, durationS: 1 })) {
    await new Promise((resolve) => setTimeout(resolve, 20))
    t.equal(frame.sequence, frames)
    frames += 1
  }
  t.equal(frames, 15)
})

t.test('what is no clip is an error with the cure', async (t) => {
  writeFileSync(join(folder, 'text.mp4'), 'no clip')
  writeFileSync(join(folder, 'empty.mp4'), '')
  for (const name of ['text.mp4', 'empty.mp4', 'missing.mp4', '-i']) {
    await t.rejects(
      collect(join(folder, name), { framesPerSecond: 15 }),
      { name: 'ClipError', message: /; (check|the source sends|only plain)/ },
      name,
    )
  }
  await t.rejects(collect(clip, { framesPerSecond: 15, startS: 99 }), { name: 'ClipError' })
  t.same(childPids(), [])
})

t.test('the man talking, in his own size', { skip: noAssets }, async (t) => {
  const options = { framesPerSecond: 12, startS: 100, durationS: 3 }
  const frames = await collect(assetPath('franck.mp4'), options)
  t.equal(frames.length, 36)
  t.same([frames[0].image.width, frames[0].image.height], [360, 288])
})
