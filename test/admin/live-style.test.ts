import { readFileSync } from 'node:fs'

import sharp from 'sharp'
import t from 'tap'

import { decodeImage } from '../../src/frame/decode.js'
import { assetPath } from '../../src/models/registry.js'
import { openRealDoor } from './real-door.js'

const door = await openRealDoor(t)
t.setTimeout(180_000)
const PATH = '/api/kiosk/live-style'
/** The painter's process starts at lowest priority. */
const PAINTED_WITHIN_MS = 90_000

const json = async (response: Response) => (await response.json()) as Record<string, unknown>

t.test(
  'the display at the door may wear a shipped style, and has a picture all the time',
  async (t) => {
    const { available } = await json(await door.ask(PATH))
    t.ok((available as string[]).includes('strokes'))
    const unknown = await door.ask(PATH, { method: 'PUT', json: { style: 'cubism' } })
    t.equal(unknown.status, 422)
    t.match(await json(unknown), { code: 'unknown-live-style' })
    const set = await door.ask(PATH, { method: 'PUT', json: { style: 'strokes' } })
    t.match(await json(set), { style: 'strokes' })
    const decoded = await decodeImage(readFileSync(assetPath('sample1.jpg')))
    if (!decoded.ok) throw new Error(decoded.detail)
    let isPainted = false
    const untilMs = performance.now() + PAINTED_WITHIN_MS
    for (let sequence = 1; !isPainted && performance.now() < untilMs; sequence++) {
      door.live.showFrame({ image: decoded.image, sequence, capturedAtMs: 0, monotonicMs: 0 })
      const picture = await door.ask('/api/kiosk/live.jpg', { role: 'kiosk' })
      t.equal(picture.status, 200)
      t.match(await sharp(Buffer.from(await picture.arrayBuffer())).metadata(), { format: 'jpeg' })
      isPainted = picture.headers.get('X-Style') === 'strokes'
    }
    t.ok(isPainted, 'and in the end it is painted')
    t.match(await json(await door.ask(PATH, { method: 'PUT', json: { style: null } })), {
      style: null,
    })
    const plain = await door.ask('/api/kiosk/live.jpg', { role: 'kiosk' })
    t.equal(plain.headers.get('X-Style'), null)
  },
)
