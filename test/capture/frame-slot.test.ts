import t from 'tap'
import { createFrameSlot } from '../../src/capture/frame-slot.js'
import { createImage, type Frame } from '../../src/frame/image.js'

const never = new AbortController().signal
const frame = (sequence: number): Frame => ({
  image: createImage(1, 1, new Uint8Array(3)),
  sequence,
  monotonicMs: sequence,
  capturedAtMs: 0,
})

t.test('a slow reader gets the newest frame and skips the others', async (t) => {
  const slot = createFrameSlot()
  t.equal(slot.put(frame(1)), undefined)
  t.equal(slot.put(frame(2))?.sequence, 1, 'the displaced one comes back for reuse')
  t.equal(slot.put(frame(3))?.sequence, 2)
  t.equal((await slot.next(never))?.sequence, 3)
})

t.test('no frame is handed out twice', async (t) => {
  const slot = createFrameSlot()
  slot.put(frame(1))
  t.equal((await slot.next(never))?.sequence, 1)
  const second = slot.next(never)
  t.equal(slot.put(frame(2)), undefined, 'taken at once by who waits')
  t.equal((await second)?.sequence, 2)
})

t.test('each waiting reader gets a frame of its own, in turn', async (t) => {
  const slot = createFrameSlot()
  const waits = [slot.next(never), slot.next(never)]
  slot.put(frame(1))
  slot.put(frame(2))
  t.same(
    (await Promise.all(waits)).map((got) => got?.sequence),
    [1, 2],
  )
})

t.test('an aborted wait ends without a frame and takes none', async (t) => {
  const slot = createFrameSlot()
  const abort = new AbortController()
  const wait = slot.next(abort.signal)
  abort.abort()
  t.equal(await wait, undefined)
  t.equal(await slot.next(abort.signal), undefined, 'aborted before')
  slot.put(frame(1))
  t.equal((await slot.next(never))?.sequence, 1, 'the frame waits for the next reader')
})

t.test('closing ends every wait, and later ones', async (t) => {
  const slot = createFrameSlot()
  const waits = [slot.next(never), slot.next(never)]
  slot.close()
  t.same(await Promise.all(waits), [undefined, undefined])
  slot.put(frame(1))
  t.equal(await slot.next(never), undefined)
})

t.test('a cleared frame is not handed out', async (t) => {
  const slot = createFrameSlot()
  slot.put(frame(1))
  slot.clear()
  const wait = slot.next(never)
  slot.put(frame(2))
  t.equal((await wait)?.sequence, 2)
})
