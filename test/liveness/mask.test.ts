import fc from 'fast-check'
import t from 'tap'
import { createFaceFinder } from '../../src/detection/find-faces.js'
import type { FacePicture } from '../../src/evaluation/attacks/overlay.js'
import { MASK_SPECIES_NAMES, wearMask } from '../../src/evaluation/attacks/worn-masks.js'
import { readPicture } from '../../src/evaluation/labelled-pictures.js'
import { createImage } from '../../src/frame/image.js'
import type { Cue } from '../../src/liveness/cue.js'
import { fuseCues } from '../../src/liveness/fusion.js'
import { createMaskScorer, MASK_RULE, maskCue } from '../../src/liveness/mask.js'
import { watchPictures } from '../../src/liveness/picture-cue.js'
import { textureCue } from '../../src/liveness/texture.js'
import { assetPath } from '../../src/models/registry.js'
import { loadDetector, loadLandmarks, loadNet } from '../../src/models/session.js'

const PICTURES = ['sample1.jpg', 'sample2.jpg', 'sample3.jpg', 'sample4.jpg', 'sample5.jpg']
const SEEN = { verdict: 'live', score: 1, reason: 'seen' } as const

const finder = createFaceFinder(await loadDetector(), await loadLandmarks())
const scoreMask = createMaskScorer(await loadNet('mask'))
const faces: FacePicture[] = []
for (const name of PICTURES) {
  const picture = await readPicture(assetPath(name))
  if (picture === undefined) throw new Error(`${name} cannot be read; run npm run prepare`)
  for (const face of await finder.find(picture)) {
    if (face.box.height >= MASK_RULE.minFaceHeightPx) faces.push({ picture, face })
  }
}
const score = ({ picture, face }: FacePicture) => scoreMask(picture, face)

void t.test('bare faces are not refused, but for one in stage make-up', async (t) => {
  t.ok(faces.length >= 8, `${faces.length} faces are large enough`)
  const scores: number[] = []
  for (const face of faces) scores.push(await score(face))
  const refused = scores.filter((live) => live < MASK_RULE.attackBelow)
  t.ok(refused.length <= 1, `refused at ${refused.join(', ')}`)
})

for (const species of MASK_SPECIES_NAMES) {
  void t.test(`another face worn over one's own is refused: ${species}`, async (t) => {
    let passed = 0
    for (const [i, wearer] of faces.entries()) {
      const shown = faces[(i + 3) % faces.length]
      const worn = wearMask(wearer, shown, species, i)
      const live = await score({ ...wearer, picture: worn })
      t.ok(live >= 0 && live <= 1)
      if (live >= MASK_RULE.attackBelow) passed++
    }
    // Single pictures; a door hears of several frames.
    t.ok(passed <= faces.length / 3, `${passed} of ${faces.length} single pictures pass`)
  })
}

/** Near and far by turns, at the pace at which the two nets take turns. */
const COMES_AND_GOES = Array.from({ length: 12 }, (_, i) => ({
  waitMs: 60,
  height: i % 2 === 0 ? 60 : 80,
}))

void t.test('no pace and no distance opens a door before the mask was looked at', async () => {
  const image = createImage(1, 1, new Uint8Array(3))
  const frames = fc.array(
    fc.record({
      waitMs: fc.integer({ min: 5, max: 900 }),
      height: fc.integer({ min: 60, max: 80 }),
    }),
    { minLength: 1, maxLength: 40 },
  )
  await fc.assert(
    fc.asyncProperty(frames, async (shown) => {
      const cues: Cue[] = [
        watchPictures(maskCue(() => Promise.resolve(0.1))),
        watchPictures(textureCue(() => Promise.resolve(1))),
        { name: 'feed', observe: () => undefined, outcome: () => SEEN, restart: () => undefined },
      ]
      let monotonicMs = 0
      for (const { waitMs, height } of shown) {
        monotonicMs += waitMs
        const frame = { image, monotonicMs, sequence: 0, capturedAtMs: 0 }
        const box = { x: 0, y: 0, width: height, height }
        const face = { ...faces[0].face, box }
        for (const cue of cues) {
          cue.beginWithBox?.(frame, face)
          cue.beginWithFace?.(frame, face)
        }
        for (const cue of cues) await cue.observe({ frame, face, view: undefined })
        const readings = cues.map((cue) => ({ name: cue.name, outcome: cue.outcome() }))
        if (fuseCues('texture', readings).outcome === 'live') return false
      }
      return true
    }),
    { examples: [[COMES_AND_GOES], [COMES_AND_GOES.slice(1)]] },
  )
})

void t.test(
  'the nets against masks and prints take turns, where the camera is fast enough',
  async (t) => {
    const image = createImage(1, 1, new Uint8Array(3))
    const { face } = faces[0]
    for (const framesPerSecond of [12, 15, 20, 25, 30, 60]) {
      let now = 0
      const looked = { mask: new Set<number>(), texture: new Set<number>() }
      const look = (at: Set<number>) => () => {
        at.add(now)
        return Promise.resolve(1)
      }
      const cues = [
        watchPictures(maskCue(look(looked.mask))),
        watchPictures(textureCue(look(looked.texture))),
      ]
      for (now = 0; now < 3 * framesPerSecond; now++) {
        const jitterMs = (now * 7) % 5
        const monotonicMs = (now * 1000) / framesPerSecond + jitterMs
        const frame = { image, monotonicMs, sequence: now, capturedAtMs: 0 }
        for (const cue of cues) {
          cue.beginWithBox?.(frame, face)
          cue.beginWithFace?.(frame, face)
        }
        for (const cue of cues) await cue.observe({ frame, face, view: undefined })
      }
      const both = [...looked.texture].filter((frame) => looked.mask.has(frame))
      t.strictSame(both, [], `${framesPerSecond} frames a second`)
      t.ok(looked.texture.size >= 18 && looked.mask.size >= looked.texture.size)
    }
  },
)
