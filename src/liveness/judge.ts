import type { Face } from '../detection/face.js'
import type { Frame } from '../frame/image.js'
import type { CompareViews } from './face-change.js'
import { viewOrNothing } from './face-view.js'
import type { FaceViewer } from './face-view.js'
import { createFrozenCue } from './frozen.js'
import { FUSION_RULE, fuseCues } from './fusion.js'
import type { LivenessMode, LivenessOutcome } from './fusion.js'
import { createLifeAccumulator } from './life.js'
import { createTextureCue } from './texture.js'
import type { TextureScorer } from './texture.js'

/** What liveness makes of the attempt so far, with the figures that go into the record. */
export interface LivenessReading {
  readonly fused: LivenessOutcome
  /** Mean live score of the texture net, 0..1; `null` before it could speak. */
  readonly textureScore: number | null
  /** Events seen that no still can make. */
  readonly lifeEvents: number
}

/** Judges whether the attended face is alive; keeps what it needs of the attempt's past. */
export interface LivenessJudge {
  judge(frame: Frame, face: Face): Promise<LivenessReading>
  /** Forgets all evidence: another face, or another attempt. */
  restart(): void
}

export interface LivenessJudgeOptions {
  readonly mode: LivenessMode
  /** After this long without an event the display asks for one. */
  readonly askAfterMs: number
  readonly scoreTexture: TextureScorer
  readonly viewFace: FaceViewer
  /** Handed in, remembering its answers, where many judges look at the same frames. */
  readonly compareViews?: CompareViews
}

/** The texture cue averages over time, so not every frame of a fast camera has to be scored. */
const SCORE_EVERY_MS = 100

/** Runs every cue over the frames of one attempt and fuses what they say. */
export function createLivenessJudge(options: LivenessJudgeOptions): LivenessJudge {
  const { mode, scoreTexture, viewFace } = options
  const rule = { ...FUSION_RULE, askAfterMs: options.askAfterMs }
  const texture = createTextureCue()
  const frozen = createFrozenCue()
  const { compareViews } = options
  const life = createLifeAccumulator(compareViews === undefined ? {} : { compare: compareViews })

  let scoredMs = -Infinity

  return {
    async judge({ image, monotonicMs }, face) {
      frozen.observe({ monotonicMs, image })
      if (!(monotonicMs - scoredMs < SCORE_EVERY_MS)) {
        scoredMs = monotonicMs
        const score = await scoreTexture(image, face.box)
        texture.observe({ monotonicMs, box: face.box, score })
      }
      const view = await viewOrNothing(viewFace, image, face.landmarks)
      if (view !== undefined) life.observe({ monotonicMs, view })
      const evidence = life.evidence()
      const cues = { texture: texture.outcome(), feed: frozen.outcome(), life: evidence }
      return {
        fused: fuseCues(mode, { monotonicMs, ...cues }, rule),
        textureScore: cues.texture.score,
        lifeEvents: evidence.eventCount,
      }
    },
    restart() {
      scoredMs = -Infinity
      texture.restart()
      frozen.restart()
      life.restart()
    },
  }
}
