import type { Frame, Image } from '../../frame/image.js'
import { createRandom } from '../../liveness/random.js'

/** Feeds that are put in the camera's place; each is a labelled, synthetic attack species. */
export const FEED_SPECIES = ['frozen', 'frozen-relabelled', 'looped', 'looped-re-encoded'] as const
export type FeedSpecies = (typeof FEED_SPECIES)[number]

export interface FeedPlan {
  readonly species: FeedSpecies
  readonly seed: number
  readonly framesPerSecond: number
  readonly seconds: number
}

/** Rows that a camera's clock would be written into. */
const LABEL_ROWS = 16
const LOOP_MIN_S = 0.8
const LOOP_MAX_S = 4

/**
 * Feeds made of a recording of a living person: one frame for ever, without or with a label that
 * changes; or a short stretch again and again, byte by byte or with the noise of another encoding.
 * Deterministic by seed.
 * @param recording consecutive frames, at least {@link LOOP_MAX_S} seconds of them
 */
export function* renderFeed(recording: readonly Image[], plan: FeedPlan): Generator<Frame> {
  const { species, framesPerSecond } = plan
  const random = createRandom(plan.seed)
  const loop = Math.round(
    framesPerSecond * (LOOP_MIN_S + (LOOP_MAX_S - LOOP_MIN_S) * random.uniform()),
  )
  if (recording.length < loop) throw new RangeError('the recording is shorter than a loop')
  const first = Math.floor(random.uniform() * (recording.length - loop + 1))
  const count = Math.round(plan.seconds * framesPerSecond)
  for (let sequence = 0; sequence < count; sequence++) {
    const source = recording[first + (species.startsWith('looped') ? sequence % loop : 0)]
    let image = source
    if (species === 'frozen-relabelled' || species === 'looped-re-encoded') {
      image = { ...source, data: source.data.slice() }
      const end = species === 'looped-re-encoded' ? image.data.length : LABEL_ROWS * image.width * 3
      for (let i = 0; i < end; i++) {
        const value = image.data[i] + 3 * (random.uniform() - 0.5)
        image.data[i] = Math.max(0, Math.min(255, Math.round(value)))
      }
    }
    yield { image, sequence, monotonicMs: (sequence * 1000) / framesPerSecond, capturedAtMs: 0 }
  }
}
