import {
  poolClips,
  STRICTNESSES,
  type ClipLife,
  type StillShare,
} from '../liveness/evaluate-life.js'
import { clopperPearson } from './statistics/binomial-interval.js'
import { drawPlot } from './statistics/svg-plot.js'

const LENGTHS_S = [5, 10, 20]
const PERCENTS = [0, 20, 40, 60, 80, 100].map((value) => ({ value, text: `${value} %` }))
const FACTORS = [0.5, 0.7, 1, 1.5, 2].map((value) => ({ value, text: `× ${value}` }))

/**
 * How soon living people are let in, against the stills that would be, while every limit of the
 * life cue is made laxer or stricter than those in force.
 * @param stills as `evaluateStills` returns them, the sum last
 */
export function drawLifeTradeOff(
  clips: readonly ClipLife[],
  stills: readonly StillShare[],
): string {
  const living = LENGTHS_S.map((lengthS) => ({
    label: `living, within ${lengthS} s`,
    points: STRICTNESSES.flatMap((strictness) => {
      const share = poolClips(clips, strictness).find((one) => one.lengthS === lengthS)
      if (share === undefined || share.windows === 0) return []
      return [{ x: strictness, y: (100 * share.lifeAndTexture) / share.windows }]
    }),
  }))
  const all = stills.at(-1)
  const attacks =
    all === undefined
      ? []
      : [
          {
            label: 'stills with an event of life',
            style: 'dashed' as const,
            points: all.sweep.map(({ strictness, falseEvents }) => ({
              x: strictness,
              y: (100 * falseEvents) / all.trials,
            })),
            band: all.sweep.map(({ strictness, falseEvents }) => {
              const { low, high } = clopperPearson(falseEvents, all.trials)
              return { x: strictness, low: 100 * low, high: 100 * high }
            }),
          },
        ]
  const windows = poolClips(clips).find((one) => one.lengthS === 5)?.windows ?? 0
  return drawPlot({
    title: 'Time to grant against attack grants',
    subtitle:
      `${windows} windows (5 s) of ${clips.length} living clips, life and texture; ` +
      `${all?.trials ?? 0} rendered stills of 10 s, life alone, 95 %`,
    x: { label: 'limits of the life cue', scale: 'log', from: 0.5, to: 2, ticks: FACTORS },
    y: { label: 'share', scale: 'linear', from: 0, to: 100, ticks: PERCENTS },
    series: [...living, ...attacks],
    marks: [{ axis: 'x', value: 1, text: 'in force' }],
  })
}
