import { readClip } from '../capture/clip-reader.js'
import { listFaceClips } from '../evaluation/face-clips.js'
import type { FaceClip } from '../evaluation/face-clips.js'
import { listLabelledPictures, readPicture } from '../evaluation/labelled-pictures.js'
import type { AreaUnderCurve } from '../evaluation/statistics/area-under-curve.js'
import type { Image } from '../frame/image.js'
import { resizeImage } from '../frame/resize.js'
import {
  evaluatePulseClip,
  paintPulse,
  pulseArea,
  repeatPicture,
} from '../liveness/pulse/evaluate-pulse.js'
import type { PulseClip } from '../liveness/pulse/evaluate-pulse.js'
import { PULSE_RULE } from '../liveness/pulse/pulse.js'
import { loadStages } from '../stages.js'
import { CommandError } from './command-error.js'
import { startProgress } from './progress.js'
import { loadSetup } from './setup.js'
import type { SetupOptions } from './setup.js'

export interface EvaluatePulseOptions extends SetupOptions {
  /** Folder of clips named PERSON-live… and PERSON-screen…. */
  readonly video?: string
  /** People whose pictures are shown as stills, with noise alone and with a synthetic pulse. */
  readonly images?: string
  readonly stills: string
  readonly seconds: string
  /** Reads moving faces, too, where the cue would abstain. */
  readonly anyMotion?: boolean
  readonly json?: boolean
}

const FRAMES_PER_SECOND = 20
const STILL_SECONDS = 14
const RATES = [55, 72, 96, 130]
const AMPLITUDE = 0.006
const NOISE = 2

interface SyntheticReading {
  readonly clip: PulseClip
  readonly trueRate: number
}

async function firstPictures(folder: string, count: number): Promise<Image[]> {
  const pictures: Image[] = []
  const seen = new Set<string>()
  for (const { person, path } of listLabelledPictures(folder)) {
    if (pictures.length >= count) break
    if (seen.has(person)) continue
    seen.add(person)
    const picture = await readPicture(path)
    if (picture !== undefined) pictures.push(resizeImage(picture, 360, 360))
  }
  return pictures
}

function clipLine(kind: string, clip: PulseClip): string {
  const { name, readings, snrDb, medianRate, steadyReadings } = clip
  const why = Object.entries(clip.abstained).map(([reason, count]) => `${count} × ${reason}`)
  const read =
    snrDb === null
      ? 'no reading'
      : `${readings} readings, SNR ${snrDb.map((db) => db.toFixed(1)).join(' / ')} dB, ` +
        `${(medianRate ?? 0).toFixed(0)}/min, ${steadyReadings} within ±4`
  return `${kind.padEnd(7)}${name.padEnd(28)}${[read, ...why].join('; ')}`
}

function areaLine(what: string, area: AreaUnderCurve | null): string {
  if (area === null) return `${what}: too few clips with a reading`
  const { auc, ci95, positives, negatives } = area
  return (
    `${what}: AUC ${auc.toFixed(2)} (95 % ${ci95.low.toFixed(2)}–${ci95.high.toFixed(2)}), ` +
    `${positives} live against ${negatives}`
  )
}

/** `genkan evaluate pulse`: what the colour of real faces, replays and stills tells of a pulse. */
export async function evaluatePulse(options: EvaluatePulseOptions): Promise<void> {
  const [seconds, count] = [Number(options.seconds), Number(options.stills)]
  if (!(seconds >= 6 && seconds <= 600) || !(Number.isInteger(count) && count >= 0)) {
    throw new CommandError('bad-input', '--seconds must be 6 to 600, --stills whole')
  }
  const clips = listFaceClips(options.video)
  const pictures = options.images === undefined ? [] : await firstPictures(options.images, count)
  const stages = await loadStages(loadSetup(options).models)
  const rule = options.anyMotion === true ? { ...PULSE_RULE, maxSpeed: Infinity } : PULSE_RULE
  const progress = startProgress('pulse', clips.length + 3 * pictures.length + RATES.length)
  let done = 0
  const note = <T>(value: T): T => {
    progress.update(++done)
    return value
  }

  const real: { readonly kind: FaceClip['kind']; readonly clip: PulseClip }[] = []
  for (const { name, path, kind } of clips) {
    const frames = readClip(path, { framesPerSecond: FRAMES_PER_SECOND, durationS: seconds })
    real.push(note({ kind, clip: await evaluatePulseClip(name, frames, stages, rule) }))
  }
  const stills: PulseClip[] = []
  const painted: SyntheticReading[] = []
  for (const [i, picture] of pictures.entries()) {
    const repeated = () => repeatPicture(picture, STILL_SECONDS, FRAMES_PER_SECOND)
    const show = async (amplitude: number, noise: number) => {
      const pulse = { beatsPerMinute: RATES[i % RATES.length], amplitude, noise, seed: i + 1 }
      const frames = paintPulse(repeated(), pulse, stages)
      return note(await evaluatePulseClip(`still ${i + 1}`, frames, stages))
    }
    stills.push(await show(0, NOISE))
    stills.push(await show(0, 2 * NOISE))
    painted.push({ clip: await show(AMPLITUDE, NOISE), trueRate: RATES[i % RATES.length] })
  }
  for (const [i, beatsPerMinute] of RATES.entries()) {
    const { name, path } = clips[0]
    const frames = readClip(path, {
      framesPerSecond: FRAMES_PER_SECOND,
      startS: 15 * i,
      durationS: 14,
    })
    const pulse = { beatsPerMinute, amplitude: AMPLITUDE, noise: NOISE, seed: 100 + i }
    const clip = await evaluatePulseClip(name, paintPulse(frames, pulse, stages), stages)
    painted.push(note({ clip, trueRate: beatsPerMinute }))
  }
  progress.stop()

  const of = (kind: FaceClip['kind']) => real.filter((e) => e.kind === kind).map((e) => e.clip)
  const areas = {
    liveAgainstScreens: pulseArea(of('live'), of('screen')),
    liveAgainstStills: pulseArea(of('live'), stills),
  }
  if (options.json === true) {
    process.stdout.write(`${JSON.stringify({ real, stills, painted, areas })}\n`)
    return
  }
  const lines = ['Real clips (SNR lowest / median / highest)']
  for (const { kind, clip } of real) lines.push(clipLine(kind, clip))
  lines.push(areaLine('live against screens', areas.liveAgainstScreens))
  if (stills.length > 0) {
    lines.push('', 'Synthetic: stills with sensor noise, no pulse')
    for (const clip of stills) lines.push(clipLine('still', clip))
    lines.push(areaLine('live against stills', areas.liveAgainstStills))
  }
  lines.push('', `Synthetic: a pulse of ${100 * AMPLITUDE} % put onto stills and onto real frames`)
  for (const { clip, trueRate } of painted) {
    lines.push(`${clipLine('pulse', clip)}; true rate ${trueRate}`)
  }
  const timed = real.map(({ clip }) => clip).filter(({ readings }) => readings > 0)
  const slowest = (pick: (clip: PulseClip) => number) => Math.max(0, ...timed.map(pick)).toFixed(2)
  lines.push(
    '',
    `slowest clip's median: ${slowest((c) => c.skinMs)} ms a frame for the skin, ` +
      `${slowest((c) => c.outcomeMs)} ms an outcome`,
  )
  process.stdout.write(`${lines.join('\n')}\n`)
}
