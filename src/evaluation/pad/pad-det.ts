import { detPoints, sortScores } from '../statistics/error-rates.js'
import { drawDet } from '../statistics/rate-plots.js'
import type { PadTrial } from './pad-report.js'

const AXES = {
  title: 'Presentation attack detection',
  x: 'APCER',
  y: 'BPCER',
}

/**
 * DET curves of every cue that scored both kinds, and of the fused score of pictures.
 * @throws RangeError when no cue scored both attacks and living people
 */
export function drawPadDet(trials: readonly PadTrial[]): string {
  const curve = (label: string, read: (trial: PadTrial) => number | null | undefined) => {
    const scores = (isLive: boolean) =>
      trials
        .filter((trial) => trial.isLive === isLive)
        .map(read)
        .filter((score) => score !== null && score !== undefined)
        .map((score) => 1 - score)
    const live = scores(true)
    const attacks = scores(false)
    if (live.length === 0 || attacks.length === 0) return []
    return [{ label, points: detPoints(sortScores(live, attacks), 1.02) }]
  }
  const names = [...new Set(trials.flatMap(({ cues }) => Object.keys(cues)))].sort()
  const curves = [
    ...curve('fused', ({ fusedScore }) => fusedScore),
    ...names.flatMap((name) => curve(name, ({ cues }) => cues[name]?.score)),
  ]
  if (curves.length === 0) throw new RangeError('no cue scored both attacks and living people')
  const live = trials.filter(({ isLive }) => isLive).length
  const subtitle = `${live} bona fide and ${trials.length - live} attack presentations; curves without error lie outside`
  return drawDet(curves, subtitle, AXES)
}
