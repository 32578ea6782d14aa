import { areaUnderCurve } from '../../evaluation/statistics/area-under-curve.js'
import type { AreaUnderCurve } from '../../evaluation/statistics/area-under-curve.js'
import type { SourcedClip } from './datasets.js'
import { clipLogit, createClipNet } from './net.js'
import type { ClipNet } from './net.js'
import { trainClipNet } from './train.js'
import type { LabelledClip, TrainingPlan } from './train.js'

/** Training on rendered clips, then a short training on real and rendered ones together. */
export interface ClipTraining {
  readonly seed: number
  readonly epochs: number
  readonly realEpochs: number
  readonly onEpoch: (stage: string, epoch: number, meanLoss: number) => void
}

const BATCH = 16
const LEARNING_RATE = 3e-3
const REAL_LEARNING_RATE = 1e-3
const WEIGHT_DECAY = 1e-3

function isLive({ kind }: SourcedClip): boolean {
  return kind === 'live' || kind === 'head'
}

/** Clips with weights under which live and attack count the same in all. */
function balanced(clips: readonly SourcedClip[]): LabelledClip[] {
  const live = clips.filter(isLive).length
  const attacks = clips.length - live
  return clips.map((sourced) => ({
    clip: sourced.clip,
    live: isLive(sourced),
    weight: clips.length / 2 / Math.max(1, isLive(sourced) ? live : attacks),
  }))
}

function plan(
  training: ClipTraining,
  stage: string,
  epochs: number,
  learningRate: number,
): TrainingPlan {
  return {
    epochs,
    batch: BATCH,
    learningRate,
    weightDecay: WEIGHT_DECAY,
    seed: training.seed,
    onEpoch: (epoch, loss) => training.onEpoch(stage, epoch, loss),
  }
}

/** The net that has seen rendered clips alone. */
export function trainOnRendered(
  rendered: readonly SourcedClip[],
  training: ClipTraining,
): Promise<ClipNet> {
  const start = createClipNet(training.seed)
  const stage = plan(training, 'rendered', training.epochs, LEARNING_RATE)
  return trainClipNet(start, balanced(rendered), stage)
}

/** Goes on training with real clips, rendered ones mixed in; clips of the `still` kind never train. */
export function trainOnReal(
  net: ClipNet,
  rendered: readonly SourcedClip[],
  real: readonly SourcedClip[],
  training: ClipTraining,
  stage: string,
): Promise<ClipNet> {
  const own = real.filter(({ kind }) => kind !== 'still')
  const some = rendered.slice(0, own.length)
  const realPlan = plan(training, stage, training.realEpochs, REAL_LEARNING_RATE)
  return trainClipNet(net, balanced([...own, ...some]), realPlan)
}

/** A real clip, or a photograph shown as a still, scored by a net that has not seen the person. */
export interface ScoredSource {
  readonly source: string
  readonly person: string
  readonly kind: SourcedClip['kind']
  readonly clips: number
  /** Mean logit over its clips. */
  readonly logit: number
  /** The same without a net: mean of the logarithm of the clips' root mean square. */
  readonly energy: number
}

/** Scores every source by the mean of its clips. */
export function scoreSources(
  clips: readonly SourcedClip[],
  score: (clip: SourcedClip) => number,
): ScoredSource[] {
  const bySource = new Map<string, SourcedClip[]>()
  for (const clip of clips) {
    const key = `${clip.kind} ${clip.source}`
    bySource.set(key, [...(bySource.get(key) ?? []), clip])
  }
  return [...bySource.values()].map((group) => {
    const mean = (pick: (clip: SourcedClip) => number): number =>
      group.reduce((sum, clip) => sum + pick(clip), 0) / group.length
    const { source, person, kind } = group[0]
    return {
      source,
      person,
      kind,
      clips: group.length,
      logit: mean(score),
      energy: mean(({ clip }) => {
        return Math.log(1e-6 + clip.reduce((sum, v) => sum + v * v, 0) / clip.length) / 2
      }),
    }
  })
}

/** Scores each person's clips by a net trained on everybody else's. */
export async function leaveOnePersonOut(
  start: ClipNet,
  rendered: readonly SourcedClip[],
  real: readonly SourcedClip[],
  training: ClipTraining,
): Promise<ScoredSource[]> {
  const scored: ScoredSource[] = []
  for (const person of [...new Set(real.map((clip) => clip.person))].sort()) {
    const others = real.filter((clip) => clip.person !== person)
    const net = await trainOnReal(start, rendered, others, training, `without ${person}`)
    const own = real.filter((clip) => clip.person === person && clip.kind !== 'sheet')
    scored.push(...scoreSources(own, ({ clip }) => clipLogit(net, clip)))
  }
  return scored
}

/** How well live clips are told from one kind of attack, a source counting once. */
export interface ClipNetAreas {
  readonly screens: AreaUnderCurve | null
  readonly stills: AreaUnderCurve | null
}

/** Areas of live over screens and over stills. */
export function clipNetAreas(
  scored: readonly ScoredSource[],
  pick: (source: ScoredSource) => number = ({ logit }) => logit,
): ClipNetAreas {
  const of = (kind: SourcedClip['kind']) => scored.filter((s) => s.kind === kind).map(pick)
  const area = (kind: 'screen' | 'still') =>
    of('live').length === 0 || of(kind).length === 0 ? null : areaUnderCurve(of('live'), of(kind))
  return { screens: area('screen'), stills: area('still') }
}
