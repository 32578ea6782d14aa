import { readFileSync } from 'node:fs'
import { readClip } from '../../capture/clip-reader.js'
import type { FaceFinder } from '../../detection/face.js'
import { decodeImage } from '../../frame/decode.js'
import type { Frame } from '../../frame/image.js'
import { resizeImage } from '../../frame/resize.js'
import type { Line } from '../../line.js'
import { judgeScore, type PictureCue } from '../../liveness/picture-cue.js'
import type { CueVerdict, PadTrial } from './pad-report.js'
import type { Presentation } from './presentations.js'

/** What presentations are shown to. */
export interface PadStages {
  readonly finder: FaceFinder
  readonly pictureCues: readonly PictureCue[]
  /** Scored beside the others to be compared with them; they decide nothing. */
  readonly comparedCues?: readonly PictureCue[]
  /** A fresh line at which whoever is shown is enrolled, so that only liveness can refuse. */
  readonly openLine: () => Line
  /** The cues whose word the line needs before it opens. */
  readonly neededCues: readonly string[]
}

const FRAMES_PER_SECOND = 15
/** Longer clips are shown this far. */
const MAX_CLIP_S = 30
/** Frames of a clip between two of which compared cues are scored. */
const COMPARE_EVERY = 8
/** Larger frames are shrunk to a kiosk camera's. */
const MAX_SIDE_PX = 1280

/** Shows one file and notes what liveness made of it; a file that fails is a trial without response. */
export async function present(presentation: Presentation, stages: PadStages): Promise<PadTrial> {
  try {
    return presentation.kind === 'picture'
      ? await presentPicture(presentation, stages)
      : await presentClip(presentation, stages)
  } catch (error) {
    return noResponse(presentation, error instanceof Error ? error.message : String(error))
  }
}

function noResponse(presentation: Presentation, detail: string): PadTrial {
  return { ...presentation, fused: 'no-response', fusedScore: null, cues: {}, detail }
}

/** Limits of sharp's decoder are for uploads; a measured picture may be larger. */
const DECODE_LIMITS = { maxBytes: 64 * 1024 * 1024, maxPixels: 50_000_000, maxSidePixels: 12_000 }

/**
 * A single picture: only the picture cues can speak. It is accepted when every needed one gives at
 * least its live threshold and no other one says attack.
 */
async function presentPicture(shown: Presentation, stages: PadStages): Promise<PadTrial> {
  const decoded = await decodeImage(readFileSync(shown.path), DECODE_LIMITS)
  if (!decoded.ok) return noResponse(shown, `not read: ${decoded.detail}`)
  const image = shrink(decoded.image)
  const face = (await stages.finder.find(image)).at(0)
  if (face === undefined) return noResponse(shown, 'no face found')
  const cues: Record<string, CueVerdict> = {}
  let fusedScore = 1
  let isAccepted = true
  for (const cue of stages.pictureCues) {
    const isLarge = face.box.height >= cue.rule.minFaceHeightPx
    const score = isLarge ? await cue.score(image, face) : undefined
    if (score === undefined) {
      if (cue.isNeeded) return noResponse(shown, `face too small for ${cue.name}`)
      continue
    }
    const { verdict } = judgeScore(cue, cue.rule, score)
    const accepted = cue.isNeeded ? verdict === 'live' : verdict !== 'attack'
    cues[cue.name] = { score, accepted }
    isAccepted &&= accepted
    if (cue.isNeeded) fusedScore = Math.min(fusedScore, score)
    else if (!accepted) fusedScore = 0
  }
  for (const cue of stages.comparedCues ?? []) {
    const score = await cue.score(image, face)
    if (score !== undefined) cues[cue.name] = compared(cue, score)
  }
  return { ...shown, fused: isAccepted ? 'accepted' : 'refused', fusedScore, cues }
}

function compared(cue: PictureCue, score: number): CueVerdict {
  return { score, accepted: judgeScore(cue, cue.rule, score).verdict === 'live' }
}

/**
 * A clip: shown to the whole line from its beginning. It is accepted when the line grants, refused
 * when it ends an attempt as an attack, and without response when it does neither.
 */
async function presentClip(shown: Presentation, stages: PadStages): Promise<PadTrial> {
  const line = stages.openLine()
  const seen = new Map<
    string,
    { sum: number; frames: number; lives: number; run: number; longest: number }
  >()
  let faces = 0
  let frames = 0
  let lastMs = 0
  const ended: string[] = []
  const comparing = (stages.comparedCues ?? []).map((cue) => ({ cue, sum: 0, frames: 0 }))
  const options = { framesPerSecond: FRAMES_PER_SECOND, durationS: MAX_CLIP_S }
  for await (const frame of readClip(shown.path, options)) {
    frames++
    lastMs = frame.monotonicMs
    const judgement = await line.judge(shrinkFrame(frame))
    faces += Number(judgement.faces.length > 0)
    const { tracked } = judgement
    if (tracked !== undefined && frames % COMPARE_EVERY === 0) {
      for (const one of comparing) {
        const score = await one.cue.score(shrinkFrame(frame).image, tracked.face)
        if (score === undefined) continue
        one.sum += score
        one.frames++
      }
    }
    for (const { result } of judgement.ended) ended.push(endOf(result))
    for (const { name, outcome } of judgement.liveness?.cues ?? []) {
      const tally = seen.get(name) ?? { sum: 0, frames: 0, lives: 0, run: 0, longest: 0 }
      seen.set(name, tally)
      tally.run = outcome.verdict === 'attack' ? tally.run + 1 : 0
      tally.longest = Math.max(tally.longest, tally.run)
      tally.lives += Number(outcome.verdict === 'live')
      if (outcome.score === null) continue
      tally.sum += outcome.score
      tally.frames++
    }
  }
  for (const { result } of line.close(lastMs)) ended.push(endOf(result))
  const cues: Record<string, CueVerdict> = {}
  for (const [name, { sum, frames: scored, lives, longest }] of seen) {
    const isNeeded = stages.neededCues.includes(name)
    if (scored === 0 && !isNeeded) continue
    const accepted = longest < ATTACK_FRAMES && (!isNeeded || lives > 0)
    cues[name] = { score: scored === 0 ? 0 : sum / scored, accepted }
  }
  for (const { cue, sum, frames: scored } of comparing) {
    if (scored > 0) cues[cue.name] = compared(cue, sum / scored)
  }
  if (ended.includes('granted')) return { ...shown, fused: 'accepted', fusedScore: 1, cues }
  if (ended.includes('attack')) return { ...shown, fused: 'refused', fusedScore: 0, cues }
  const detail = `${frames} frames, ${faces} with a face, attempts: ${ended.join(', ') || 'none'}`
  return { ...shown, fused: 'no-response', fusedScore: null, cues, detail }
}

/** As many frames in a row as end an attempt. */
const ATTACK_FRAMES = 3

function endOf(result: { readonly outcome: string; readonly reason?: string }): string {
  return result.reason ?? result.outcome
}

function shrink(image: Frame['image']): Frame['image'] {
  const side = Math.max(image.width, image.height)
  if (side <= MAX_SIDE_PX) return image
  const scale = MAX_SIDE_PX / side
  const to = (size: number) => Math.max(1, Math.round(size * scale))
  return resizeImage(image, to(image.width), to(image.height))
}

function shrinkFrame(frame: Frame): Frame {
  const image = shrink(frame.image)
  return image === frame.image ? frame : { ...frame, image }
}
