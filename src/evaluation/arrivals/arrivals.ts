import type { FaceFinder } from '../../detection/face.js'
import type { MotionGate } from '../../detection/motion-gate.js'
import type { Image } from '../../frame/image.js'
import { createNoise, FRAMES_PER_SECOND, stand } from './scene.js'
import type { SceneParts, Standing } from './scene.js'

/** How somebody comes, and how soon a gated detector sees him beside one that looks at every frame. */
export interface Arrival {
  readonly way: keyof typeof WAYS
  readonly seconds: number
  readonly noise: number
  /** Frames from the first in which the face can be found to the first in which it was. */
  readonly lateFrames: number
}

export interface ArrivalsReport {
  readonly arrivals: readonly Arrival[]
  /** Frames of the empty room, and how many of them the detector looked at. */
  readonly emptyFrames: number
  readonly looks: number
}

/** As a share of the way, 0 to 1. */
const WAYS = {
  'towards the camera': (share: number): Standing => {
    const width = 0.12 * Math.pow(8, share)
    return { width, left: 0.5 - width / 2, top: 0.3 - 0.3 * share }
  },
  'from the left': (share: number): Standing => ({
    width: 0.7,
    left: share * 0.85 - 0.7,
    top: 0.2,
  }),
  'from the right': (share: number): Standing => ({ width: 0.7, left: 1 - share * 0.85, top: 0.2 }),
  'from below': (share: number): Standing => ({ width: 0.6, left: 0.2, top: 0.75 - 0.6 * share }),
} as const

/** How people come. */
export interface Walks {
  readonly walkingS: readonly number[]
  /** Standard deviation of the sensor's noise in grey levels. */
  readonly noises: readonly number[]
}

/** At a run and at a stroll; a good camera by day, and one at its limit. */
const ALL_WALKS: Walks = { walkingS: [1, 5], noises: [2, 8] }
const EMPTY_S = 3

/**
 * Lets the man come into the empty room in every way, pace and noise, and compares.
 * @param openGate a fresh gate for each arrival
 * @param random 0 to 1
 */
export async function measureArrivals(
  parts: SceneParts,
  finder: FaceFinder,
  openGate: () => MotionGate,
  random: () => number,
  { walkingS, noises }: Walks = ALL_WALKS,
): Promise<ArrivalsReport> {
  const arrivals: Arrival[] = []
  let emptyFrames = 0
  let looks = 0
  const sensors = noises.map((noise) => ({ noise, withNoise: createNoise(noise, random) }))
  for (const way of Object.keys(WAYS) as (keyof typeof WAYS)[]) {
    for (const seconds of walkingS) {
      for (const { noise, withNoise } of sensors) {
        const gate = openGate()
        let sequence = 0
        const frameOf = (image: Image) => ({
          image: withNoise(image),
          sequence,
          monotonicMs: (sequence++ * 1000) / FRAMES_PER_SECOND,
          capturedAtMs: 0,
        })
        for (let i = 0; i < EMPTY_S * FRAMES_PER_SECOND; i++) {
          const frame = frameOf(parts.room)
          emptyFrames++
          if (!gate.wants(frame)) continue
          looks++
          gate.saw(frame, (await finder.find(frame.image)).length)
        }
        const steps = seconds * FRAMES_PER_SECOND
        let visible = 0
        // Arrived, he stays.
        for (let step = 1; ; step++) {
          const man = parts.man[step % parts.man.length]
          const frame = frameOf(stand(parts.room, man, WAYS[way](Math.min(1, step / steps))))
          const faces = await finder.find(frame.image)
          const looked = gate.wants(frame)
          if (looked) gate.saw(frame, faces.length)
          if (faces.length > 0 && looked) break
          if (faces.length > 0 || visible > 0) visible++
          if (step > steps + 10 * FRAMES_PER_SECOND) {
            throw new Error(`no face was found in the man who came ${way}`)
          }
        }
        arrivals.push({ way, seconds, noise, lateFrames: visible })
      }
    }
  }
  return { arrivals, emptyFrames, looks }
}
