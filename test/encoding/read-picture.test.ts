import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import t from 'tap'
import { createFaceFinder } from '../../src/detection/find-faces.js'
import { EMBEDDING_LENGTH, distanceSq, toEmbedding } from '../../src/encoding/embedding.js'
import { createEncoder } from '../../src/encoding/encoder.js'
import { createPictureReader } from '../../src/encoding/read-picture.js'
import { decodeImage } from '../../src/frame/decode.js'
import { createImage } from '../../src/frame/image.js'
import type { Image } from '../../src/frame/image.js'
import { resizeImage } from '../../src/frame/resize.js'
import { assetPath } from '../../src/models/registry.js'
import { loadNet } from '../../src/models/session.js'
import { ENROLMENT_LIMITS } from '../../src/quality/quality.js'

const finder = createFaceFinder(await loadNet('detector'), await loadNet('landmarks'))
const encoder = createEncoder(await loadNet('encoder'))
const read = createPictureReader(finder, encoder, ENROLMENT_LIMITS)

async function picture(name: string): Promise<Image> {
  const decoded = await decodeImage(readFileSync(assetPath(name)))
  if (!decoded.ok) throw new Error(decoded.detail)
  return decoded.image
}

t.test('finds every face of a group photograph, largest first', async (t) => {
  const faces = await finder.find(await picture('sample1.jpg'))
  t.ok(faces.length >= 3, `${faces.length} faces`)
  const heights = faces.map(({ box }) => box.height)
  t.same(
    heights,
    [...heights].sort((a, b) => b - a),
  )
  for (const { fivePoints, box } of faces) {
    const [rightX, , leftX] = fivePoints
    t.ok(rightX < leftX, 'eyes are the right way round')
    t.ok(rightX > box.x && leftX < box.x + box.width, 'and inside the box')
  }
})

t.test('a face keeps its embedding when its picture is scaled', async (t) => {
  const large = await picture('joconde.jpg')
  const small = resizeImage(large, Math.round(large.width * 0.6), Math.round(large.height * 0.6))
  const [first, second] = await Promise.all([read(large), read(small)])
  if (first.kind === 'rejected' || second.kind === 'rejected') {
    t.fail('not read')
    return
  }
  t.equal(first.embedding.modelId, encoder.modelId)
  t.ok(distanceSq(first.embedding.vector, second.embedding.vector) < 0.3)
})

t.test('a wall has no face, a group too many', async (t) => {
  const wall = createImage(320, 240, new Uint8Array(320 * 240 * 3).fill(128))
  t.match(await read(wall), { kind: 'rejected', fault: 'no-face' })
  t.match(await read(await picture('sample1.jpg')), { kind: 'rejected', fault: 'two-faces' })
})

t.test('a face that is too small is told to come closer', async (t) => {
  const large = await picture('joconde.jpg')
  const tiny = resizeImage(large, Math.round(large.width / 6), Math.round(large.height / 6))
  const data = new Uint8Array(640 * 480 * 3).fill(90)
  for (let y = 0; y < Math.min(tiny.height, 480); y++) {
    const row = tiny.data.subarray(y * tiny.width * 3, (y + 1) * tiny.width * 3)
    data.set(row, (y * 640 + 100) * 3)
  }
  const reading = await read(createImage(640, 480, data))
  t.equal(reading.kind, 'rejected')
  t.ok(reading.kind === 'rejected' && ['too-small', 'no-face'].includes(reading.fault))
})

t.test('an embedding is of unit length or there is none', (t) => {
  const raw = fc.float32Array({ minLength: EMBEDDING_LENGTH, maxLength: EMBEDDING_LENGTH })
  fc.assert(
    fc.property(raw, (values) => {
      try {
        const { vector } = toEmbedding('any', values)
        return Math.abs(distanceSq(vector, new Float32Array(EMBEDDING_LENGTH)) - 1) < 1e-4
      } catch (error) {
        return error instanceof RangeError
      }
    }),
  )
  t.throws(() => toEmbedding('any', new Float32Array(127).fill(1)), RangeError)
  t.throws(() => toEmbedding('any', new Float32Array(EMBEDDING_LENGTH)), RangeError)
  t.end()
})
