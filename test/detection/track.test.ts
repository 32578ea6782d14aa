import t from 'tap'
import { intersectionOverUnion, suppressOverlaps } from '../../src/detection/boxes.js'
import type { Face } from '../../src/detection/face.js'
import { createFaceTracker } from '../../src/detection/track.js'
import { createImage } from '../../src/frame/image.js'
import type { Frame } from '../../src/frame/image.js'

const image = createImage(1, 1, new Uint8Array(3))

function frameAt(monotonicMs: number): Frame {
  return { image, sequence: monotonicMs, monotonicMs, capturedAtMs: monotonicMs }
}

function faceAt(x: number, size = 100): Face {
  return {
    box: { x, y: 0, width: size, height: size },
    score: 1,
    landmarks: new Float32Array(136),
    fivePoints: new Float32Array(10),
  }
}

t.test('overlap runs from 0 apart to 1 equal', (t) => {
  const box = { x: 0, y: 0, width: 10, height: 10 }
  t.equal(intersectionOverUnion(box, box), 1)
  t.equal(intersectionOverUnion(box, { ...box, x: 10 }), 0)
  t.equal(intersectionOverUnion(box, { ...box, x: 5 }), 50 / 150)
  t.end()
})

t.test('of overlapping detections the best stays', (t) => {
  const kept = suppressOverlaps(
    [
      { box: { x: 0, y: 0, width: 10, height: 10 }, score: 0.8 },
      { box: { x: 1, y: 0, width: 10, height: 10 }, score: 0.9 },
      { box: { x: 50, y: 0, width: 10, height: 10 }, score: 0.7 },
    ],
    0.4,
  )
  t.same(
    kept.map(({ score }) => score),
    [0.9, 0.7],
  )
  t.end()
})

t.test('a face keeps its track while it overlaps from frame to frame', (t) => {
  const tracker = createFaceTracker({ minIou: 0.3, maxGapMs: 500 })
  const first = tracker.update(frameAt(0), [faceAt(0)])
  const second = tracker.update(frameAt(66), [faceAt(20)])
  t.equal(first.tracked?.trackId, second.tracked?.trackId)
  t.equal(second.tracked?.firstSeenMs, 0)
  t.end()
})

t.test('a larger face that comes by does not take the track over', (t) => {
  const tracker = createFaceTracker({ minIou: 0.3, maxGapMs: 500 })
  const first = tracker.update(frameAt(0), [faceAt(0)])
  const second = tracker.update(frameAt(66), [faceAt(300, 200), faceAt(5)])
  t.equal(second.tracked?.trackId, first.tracked?.trackId)
  t.equal(second.faceCount, 2)
  t.end()
})

t.test('a face that jumps is another face', (t) => {
  const tracker = createFaceTracker({ minIou: 0.3, maxGapMs: 500 })
  const first = tracker.update(frameAt(0), [faceAt(0)])
  const second = tracker.update(frameAt(66), [faceAt(300)])
  t.equal(second.endedTrackId, first.tracked?.trackId)
  t.not(second.tracked?.trackId, first.tracked?.trackId)
  t.end()
})

t.test('a short gap is bridged, a long one ends the track once', (t) => {
  const tracker = createFaceTracker({ minIou: 0.3, maxGapMs: 500 })
  const first = tracker.update(frameAt(0), [faceAt(0)])
  t.match(tracker.update(frameAt(200), []), { tracked: undefined, endedTrackId: undefined })
  t.equal(tracker.update(frameAt(400), [faceAt(0)]).tracked?.trackId, first.tracked?.trackId)
  t.match(tracker.update(frameAt(700), []), { endedTrackId: undefined })
  t.match(tracker.update(frameAt(1000), []), { endedTrackId: first.tracked?.trackId })
  t.match(tracker.update(frameAt(1100), []), { endedTrackId: undefined })
  t.end()
})
