import { readClip } from '../capture/clip-reader.js'
import { FEED_SPECIES, renderFeed } from '../evaluation/attack-trials.js'
import { playTrial, sumUpRefusals } from '../evaluation/clips.js'
import type { Image } from '../frame/image.js'
import { assetPath } from '../models/registry.js'
import { openLine } from '../open-line.js'
import { loadStages } from '../stages.js'
import { CommandError } from './command-error.js'
import { startProgress } from './progress.js'
import { loadSetup } from './setup.js'
import type { SetupOptions } from './setup.js'

export interface EvaluateAttacksOptions extends SetupOptions {
  readonly trials: string
  readonly json?: boolean
}

const SIZE = { width: 640, height: 480, fit: 'cropped' } as const
const FRAMES_PER_SECOND = 15
const TRIAL_SECONDS = 10
const RECORDING_SECONDS = 20

/** `genkan evaluate attacks`: synthetic feeds in the camera's place, before the whole line. */
export async function evaluateAttacks(options: EvaluateAttacksOptions): Promise<void> {
  const trials = Number(options.trials)
  if (!Number.isInteger(trials) || trials < 1 || trials > 10_000) {
    throw new CommandError('bad-input', '--trials must be 1 to 10000, of each species')
  }
  const config = loadSetup(options)
  const stages = await loadStages(config.models, config.liveness)
  const recording: Image[] = []
  const reading = {
    framesPerSecond: FRAMES_PER_SECOND,
    size: SIZE,
    startS: 5,
    durationS: RECORDING_SECONDS,
  }
  for await (const { image } of readClip(assetPath('franck.mp4'), reading)) recording.push(image)
  // Whoever is shown is enrolled, so that only liveness can refuse.
  const shown = { outcome: 'match', personId: 'shown', distanceSq: 0 } as const
  const progress = startProgress('feeds', trials * FEED_SPECIES.length)
  let done = 0
  const report = []
  for (const species of FEED_SPECIES) {
    const played = []
    for (let seed = 1; seed <= trials; seed++) {
      const plan = { species, seed, framesPerSecond: FRAMES_PER_SECOND, seconds: TRIAL_SECONDS }
      const line = openLine(stages, config, () => ({ ...shown, runnerUpDistanceSq: null }))
      played.push(await playTrial(renderFeed(recording, plan), line))
      progress.update(++done)
    }
    report.push(sumUpRefusals(species, played))
  }
  progress.stop()
  const { mode } = config.liveness
  const lines = report.map(({ what, grants, ci95, outcomes }) => {
    const upper = (100 * ci95.high).toFixed(2)
    return `${what.padEnd(20)}${grants} grants in ${trials} trials (95 %: at most ${upper} %) ${JSON.stringify(outcomes)}`
  })
  process.stdout.write(
    options.json === true
      ? `${JSON.stringify({ mode, feeds: report })}\n`
      : `mode ${mode}, synthetic feeds of ${TRIAL_SECONDS} s\n${lines.join('\n')}\n`,
  )
}
