import { readFileSync } from 'node:fs'
import t from 'tap'
import { createFaceFinder } from '../../src/detection/find-faces.js'
import type { Face } from '../../src/detection/face.js'
import { createEncoder } from '../../src/encoding/encoder.js'
import { decodeImage } from '../../src/frame/decode.js'
import { createImage } from '../../src/frame/image.js'
import type { Image } from '../../src/frame/image.js'
import { resizeImage } from '../../src/frame/resize.js'
import { assetPath } from '../../src/models/registry.js'
import { loadNet } from '../../src/models/session.js'
import { PROBE_LIMITS, judgeQuality } from '../../src/quality/quality.js'
import type { Quality } from '../../src/quality/quality.js'

const finder = createFaceFinder(await loadNet('detector'), await loadNet('landmarks'))
const encoder = createEncoder(await loadNet('encoder'))
const decoded = await decodeImage(readFileSync(assetPath('joconde.jpg')))
if (!decoded.ok) throw new Error(decoded.detail)
const original = decoded.image
const [face] = await finder.find(original)

function judge(image: Image, seen: Face = face): Quality {
  return judgeQuality(image, seen, encoder.align(image, seen), PROBE_LIMITS)
}

function mapPixels(image: Image, change: (value: number) => number): Image {
  return createImage(image.width, image.height, image.data.map(change))
}

t.test('a sharp, evenly lit, frontal face is good enough', (t) => {
  const quality = judge(original)
  t.ok(quality.ok)
  t.ok(quality.score > 0.5 && quality.score <= 1)
  t.equal(quality.measures.insideShare, 1)
  t.ok(quality.score > 0.7, `a face all inside is not held back by that: ${quality.score}`)
  t.end()
})

t.test('each fault is told by its name', (t) => {
  const blurred = resizeImage(
    resizeImage(original, Math.round(original.width / 8), Math.round(original.height / 8)),
    original.width,
    original.height,
  )
  t.match(judge(blurred), { ok: false, fault: 'blurred' })
  t.match(judge(mapPixels(original, (value) => value / 8)), { ok: false, fault: 'too-dark' })
  t.match(judge(mapPixels(original, (value) => 245 + value / 30)), { fault: 'too-bright' })
  t.match(judge(mapPixels(original, (value) => 110 + value / 20)), { fault: 'flat-light' })

  const turned = { ...face, fivePoints: face.fivePoints.slice() }
  turned.fivePoints[4] += 0.8 * (face.fivePoints[2] - face.fivePoints[0])
  t.match(judge(original, turned), { ok: false, fault: 'turned' })

  const outside = { ...face, box: { ...face.box, x: -face.box.width / 2 } }
  t.match(judge(original, outside), { ok: false, fault: 'cut-off' })
  t.end()
})

t.test('landmarks that are no numbers are never good enough', (t) => {
  const broken = { ...face, fivePoints: face.fivePoints.map(() => Number.NaN) }
  const quality = judgeQuality(original, broken, encoder.align(original, face), PROBE_LIMITS)
  t.match(quality, { ok: false, score: 0 })
  t.end()
})
