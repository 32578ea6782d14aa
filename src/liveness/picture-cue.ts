import type { Detection, Face } from '../detection/face.js'
import type { Frame, Image } from '../frame/image.js'
import { asEvidenceOnly, silent, type Cue, type CueOutcome } from './cue.js'

/** Limits of a cue that scores single pictures and speaks of their mean. */
export interface ScoreRule {
  /** Mean score from which the face counts as live. */
  readonly liveFrom: number
  /** Mean score below which it counts as an attack; 0 leaves the cue without a veto. */
  readonly attackBelow: number
  /** Frames that must have been scored. */
  readonly minFrames: number
  /** Scores older than this no longer count. */
  readonly windowMs: number
  /** A smaller face (box height in pixels) shows too little to speak of. */
  readonly minFaceHeightPx: number
}

interface PictureCueOf<Needs extends 'box' | 'face'> {
  readonly name: string
  /** `box`: the detector's box is enough, so that it begins before the face's points are known. */
  readonly needs: Needs
  /** A net, which may run beside the line: it begins as soon as the face's points are known. */
  readonly runsBeside?: boolean
  /** `frame`: looks beyond the face, so that a data set's rooms can give the class away. */
  readonly scope: 'face' | 'frame'
  /** Whether a door needs its word; a cue that is not needed can only refuse. */
  readonly isNeeded: boolean
  readonly rule: ScoreRule
  /** Not every frame of a fast camera has to be scored. */
  readonly everyMs: number
  /** Its first look at an attempt comes so much later, so that dear cues take turns; 0 if not given. */
  readonly firstAfterMs?: number
  readonly reasons: { readonly live: string; readonly attack: string }
  /** 1 live, 0 attack; `undefined` where the picture gives nothing to go by. */
  score(
    image: Image,
    face: Needs extends 'box' ? Detection : Face,
  ): number | undefined | Promise<number | undefined>
}

/** One that looks where the face's points are. */
export type FaceCue = PictureCueOf<'face'>

/** A cue that can speak of one picture by itself. */
export type PictureCue = PictureCueOf<'box'> | FaceCue

/** Collects one cue's scores of one tracked face. */
export interface ScoreWindow {
  /** @returns whether a face is large enough to be scored; if not, the cue is silent until one is */
  admits(box: { readonly height: number }): boolean
  /** @param score not finite counts as an attack */
  observe(observation: {
    readonly monotonicMs: number
    readonly box: { readonly height: number }
    readonly score: number
  }): void
  outcome(): CueOutcome
  restart(): void
}

const MAX_SCORES = 128

/** An empty window for one track. */
export function createScoreWindow(
  { name, reasons }: Pick<PictureCue, 'name' | 'reasons'>,
  rule: ScoreRule,
): ScoreWindow {
  let scores: { readonly monotonicMs: number; readonly score: number }[] = []
  let tooSmall = false

  const admits = (box: { readonly height: number }) => {
    tooSmall = !(box.height >= rule.minFaceHeightPx)
    return !tooSmall
  }
  return {
    admits,
    observe({ monotonicMs, box, score }) {
      if (!admits(box)) return
      scores.push({ monotonicMs, score: Number.isFinite(score) ? score : 0 })
      scores = scores
        .filter((entry) => monotonicMs - entry.monotonicMs <= rule.windowMs)
        .slice(-MAX_SCORES)
    },
    outcome() {
      if (tooSmall) return silent(`face too small for ${name}`, 'Please come closer')
      if (scores.length < rule.minFrames) return silent(`too few frames for ${name}`)
      const score = scores.reduce((sum, entry) => sum + entry.score, 0) / scores.length
      return judgeScore({ name, reasons }, rule, score)
    },
    restart() {
      scores = []
      tooSmall = false
    },
  }
}

/** What a mean score says under a rule. */
export function judgeScore(
  { name, reasons }: Pick<PictureCue, 'name' | 'reasons'>,
  rule: ScoreRule,
  score: number,
): CueOutcome {
  if (score >= rule.liveFrom) return { verdict: 'live', score, reason: reasons.live }
  if (!(score >= rule.attackBelow)) return { verdict: 'attack', score, reason: reasons.attack }
  return { verdict: 'not-enough-evidence', score, reason: `${name} undecided` }
}

type Score = ReturnType<PictureCue['score']>

/** Follows a picture cue over the frames of the attended face. */
export function watchPictures(cue: PictureCue): Cue {
  const window = createScoreWindow(cue, cue.rule)
  const { everyMs, firstAfterMs = 0 } = cue
  let dueMs: number | undefined
  let begun: { readonly frame: Frame; readonly score: Score } | undefined

  function isDue({ monotonicMs }: Frame, { box }: Detection): boolean {
    dueMs ??= monotonicMs + firstAfterMs
    // A face that is too small takes no turn, or one that comes and goes would be seen by one net only.
    return window.admits(box) && monotonicMs >= dueMs
  }

  function begin(frame: Frame, detection: Detection, score: () => Score): void {
    begun = undefined
    if (!isDue(frame, detection)) return
    const coming = Promise.resolve(score())
    // Told by `observe`, unless a fault of another stage comes first.
    coming.catch(() => undefined)
    begun = { frame, score: coming }
  }

  const watched: Cue = {
    name: cue.name,
    needs: 'frame',
    ...(cue.needs === 'box'
      ? {
          beginWithBox: (frame: Frame, detection: Detection) => {
            begin(frame, detection, () => cue.score(frame.image, detection))
          },
        }
      : cue.runsBeside !== true
        ? {}
        : {
            beginWithFace: (frame: Frame, face: Face) => {
              begin(frame, face, () => cue.score(frame.image, face))
            },
          }),
    async observe({ frame, face }) {
      const early = begun
      begun = undefined
      const coming =
        early?.frame === frame
          ? early.score
          : isDue(frame, face)
            ? cue.score(frame.image, face)
            : undefined
      if (coming === undefined) return
      // Not before: what was begun and comes to nothing takes no turn.
      dueMs = frame.monotonicMs + everyMs
      const score = await coming
      if (score === undefined) return
      window.observe({ monotonicMs: frame.monotonicMs, box: face.box, score })
    },
    outcome: () => window.outcome(),
    restart() {
      dueMs = undefined
      begun = undefined
      window.restart()
    },
  }
  return cue.isNeeded || cue.rule.attackBelow > 0 ? watched : asEvidenceOnly(watched)
}
