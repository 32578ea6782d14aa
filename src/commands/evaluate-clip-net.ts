import { listFaceClips } from '../evaluation/face-clips.js'
import {
  clipNetAreas,
  leaveOnePersonOut,
  scoreSources,
  trainOnRendered,
} from '../liveness/clip-net/cross-validate.js'
import type { ClipNetAreas, ScoredSource } from '../liveness/clip-net/cross-validate.js'
import { gatherReal, gatherRendered, gatherStills } from '../liveness/clip-net/gather-clips.js'
import { clipLogit } from '../liveness/clip-net/net.js'
import { openClipTraining } from './train-clip.js'
import type { ClipTrainingOptions } from './train-clip.js'

export interface EvaluateClipNetOptions extends ClipTrainingOptions {
  /** Other people, whose photographs are shown as stills. */
  readonly stills?: string
  readonly stillPeople: string
  readonly json?: boolean
}

function areaText(areas: ClipNetAreas): string {
  return (['screens', 'stills'] as const)
    .map((kind) => {
      const area = areas[kind]
      if (area === null) return `${kind}: none`
      const { auc, ci95, positives, negatives } = area
      const interval = `95 % ${ci95.low.toFixed(2)}–${ci95.high.toFixed(2)}`
      return `${kind}: AUC ${auc.toFixed(2)} (${interval}; ${positives} live, ${negatives})`
    })
    .join('; ')
}

/**
 * `genkan evaluate clip-net`: trains on rendered clips, then scores every real clip twice: by the net
 * that has seen no real clip, and by one trained on everybody but the person in it.
 */
export async function evaluateClipNet(options: EvaluateClipNetOptions): Promise<void> {
  const { people, training, sources } = await openClipTraining(options)
  const rendered = await gatherRendered(options.images, people, sources)
  const real = await gatherReal(listFaceClips(options.video), sources)
  const stills =
    options.stills === undefined
      ? []
      : await gatherStills(options.stills, Number(options.stillPeople), sources)
  const net = await trainOnRendered(rendered, training)
  const startMs = performance.now()
  const scoredKinds = [...real.filter(({ kind }) => kind !== 'sheet'), ...stills]
  const renderedOnly = scoreSources(scoredKinds, ({ clip }) => clipLogit(net, clip))
  const netMs = (performance.now() - startMs) / scoredKinds.length
  const unseen =
    training.realEpochs > 0 ? await leaveOnePersonOut(net, rendered, real, training) : []
  const areas = {
    renderedOnly: clipNetAreas(renderedOnly),
    leaveOnePersonOut: clipNetAreas(unseen),
    energyAlone: clipNetAreas(renderedOnly, ({ energy }) => energy),
  }
  if (options.json === true) {
    process.stdout.write(`${JSON.stringify({ renderedOnly, unseen, areas, netMs })}\n`)
    return
  }
  const byLogit = (a: ScoredSource, b: ScoredSource) => b.logit - a.logit
  const lines = [
    'Mean logit (live above 0): net trained on rendered clips | on all other people too',
  ]
  for (const scored of renderedOnly.filter(({ kind }) => kind !== 'still').sort(byLogit)) {
    const own = unseen.find(({ source }) => source === scored.source)
    lines.push(
      `${scored.kind.padEnd(7)}${scored.source.padEnd(28)}${scored.clips} clips  ` +
        `${scored.logit.toFixed(2)} | ${own?.logit.toFixed(2) ?? '–'}`,
    )
  }
  const shown = renderedOnly.filter(({ kind }) => kind === 'still')
  const passing = (scores: readonly ScoredSource[]) =>
    scores.filter(({ kind, logit }) => kind === 'still' && logit > 0).length
  lines.push(
    `rendered stills above 0: ${passing(renderedOnly)} of ${shown.length} | ` +
      `${passing(unseen)} of ${unseen.filter(({ kind }) => kind === 'still').length}`,
    '',
    `live against, trained on rendered clips: ${areaText(areas.renderedOnly)}`,
    `live against, trained on others too:     ${areaText(areas.leaveOnePersonOut)}`,
    `live against, by energy without a net:   ${areaText(areas.energyAlone)}`,
    `${netMs.toFixed(1)} ms a clip in plain TypeScript`,
  )
  process.stdout.write(`${lines.join('\n')}\n`)
}
