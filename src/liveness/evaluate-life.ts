import type { FaceFinder } from '../detection/face.js'
import { createFaceTracker } from '../detection/track.js'
import { clopperPearson, type Interval } from '../evaluation/statistics/binomial-interval.js'
import type { Frame, Image } from '../frame/image.js'
import { viewOrNothing, type FaceViewer } from './face-view.js'
import { compareViews, shareComparison } from './face-change.js'
import { createLifeAccumulator } from './life.js'
import { EVENT_RULES, scaleEventRules, type LifeEvent } from './life-events.js'
import { renderStillClip, STILL_SPECIES, type StillSpecies } from './still-simulator.js'
import { createTextureAccumulator, type TextureScorer } from './texture.js'

/** The nets that the evaluation runs. */
export interface LifeStages {
  readonly finder: FaceFinder
  readonly viewFace: FaceViewer
  readonly scoreTexture: TextureScorer
}

/** A clip of a live person, or of an attack. */
export interface LifeClip {
  readonly name: string
  readonly frames: AsyncIterable<Frame> | Iterable<Frame>
}

/** Lengths of the windows that a clip is cut into, in seconds. */
export const WINDOW_LENGTHS_S = [2, 3, 5, 10, 20] as const

/** Factors on the limits in force that are tried beside them; 1 is the limits in force. */
export const STRICTNESSES = [0.5, 0.6, 0.7, 0.8, 0.9, 1, 1.25, 1.5, 2] as const

/** Windows of one length: a start every second, nothing known from before it. */
export interface WindowShare {
  readonly lengthS: number
  /** Windows that lie in the clip wholly and show a face in at least half of their frames. */
  readonly windows: number
  /** Windows with a life event. */
  readonly life: number
  /** Windows with a life event and, by then or later, a texture that counts as live. */
  readonly lifeAndTexture: number
}

export interface ClipLife {
  readonly name: string
  readonly seconds: number
  readonly frames: number
  readonly framesWithFace: number
  /** Events seen, by kind. */
  readonly events: Readonly<Record<string, number>>
  readonly shares: readonly WindowShare[]
  /** The same under each of {@link STRICTNESSES}. */
  readonly sweep: readonly {
    readonly strictness: number
    readonly shares: readonly WindowShare[]
  }[]
  /** Median over the frames with a face, in ms: view (landmarks, redrawing) and comparison. */
  readonly viewMs: number
  readonly compareMs: number
}

interface SeenFrame {
  readonly monotonicMs: number
  readonly hasFace: boolean
  readonly textureLive: boolean
}

interface SeenClip {
  readonly seen: readonly SeenFrame[]
  /** Events under each of {@link STRICTNESSES}. */
  readonly eventsAt: ReadonlyMap<number, readonly LifeEvent[]>
  readonly viewMs: readonly number[]
  readonly compareMs: readonly number[]
}

const SCORE_EVERY_MS = 150
/** As the line's: boxes that overlap less, or a longer gap, begin another track. */
const TRACKER_OPTIONS = { minIou: 0.3, maxGapMs: 600 }

/** Plays a clip once and notes what every frame gave. */
async function watch(clip: LifeClip, stages: LifeStages, withTexture: boolean): Promise<SeenClip> {
  const tracker = createFaceTracker(TRACKER_OPTIONS)
  const compare = shareComparison(compareViews)
  const lives = STRICTNESSES.map((strictness) => {
    const rules = scaleEventRules(EVENT_RULES, strictness)
    const life = createLifeAccumulator({ rules, compare })
    return { strictness, life, events: new Array<LifeEvent>(), counted: 0 }
  })
  const texture = createTextureAccumulator()
  const seen: SeenFrame[] = []
  const viewMs: number[] = []
  const compareMs: number[] = []
  let trackId: number | undefined
  let scoredMs = -Infinity
  for await (const frame of clip.frames) {
    const { image, monotonicMs } = frame
    const { tracked } = tracker.update(frame, await stages.finder.find(image))
    if (tracked === undefined) {
      seen.push({ monotonicMs, hasFace: false, textureLive: false })
      continue
    }
    if (tracked.trackId !== trackId) {
      trackId = tracked.trackId
      for (const one of lives) {
        one.life.restart()
        one.counted = 0
      }
      texture.restart()
    }
    const { face } = tracked
    if (withTexture && monotonicMs - scoredMs >= SCORE_EVERY_MS) {
      scoredMs = monotonicMs
      const score = await stages.scoreTexture(image, face.box)
      texture.observe({ monotonicMs, box: face.box, score })
    }
    const startMs = performance.now()
    const view = await viewOrNothing(stages.viewFace, image, face.landmarks)
    if (view === undefined) {
      seen.push({ monotonicMs, hasFace: false, textureLive: false })
      continue
    }
    const viewedMs = performance.now()
    let isLargeEnough = true
    for (const one of lives) {
      one.life.observe({ monotonicMs, view })
      const { events, eventCount, obstacle } = one.life.evidence()
      if (eventCount > one.counted) one.events.push(...events.slice(one.counted - eventCount))
      one.counted = eventCount
      isLargeEnough = obstacle === undefined
    }
    compareMs.push(performance.now() - viewedMs)
    viewMs.push(viewedMs - startMs)
    seen.push({
      monotonicMs,
      hasFace: isLargeEnough,
      textureLive: texture.outcome().verdict === 'live',
    })
  }
  const eventsAt = new Map(lives.map(({ strictness, events }) => [strictness, events]))
  return { seen, eventsAt, viewMs, compareMs }
}

function eventsOf({ eventsAt }: SeenClip, strictness: number): readonly LifeEvent[] {
  return eventsAt.get(strictness) ?? []
}

function shareOf(clip: SeenClip, lengthS: number, strictness: number): WindowShare {
  const { seen } = clip
  const events = eventsOf(clip, strictness)
  const firstMs = seen.at(0)?.monotonicMs ?? 0
  const lastMs = seen.at(-1)?.monotonicMs ?? 0
  let windows = 0
  let life = 0
  let lifeAndTexture = 0
  for (let startMs = firstMs; startMs + lengthS * 1000 <= lastMs; startMs += 1000) {
    const endMs = startMs + lengthS * 1000
    const frames = seen.filter((f) => f.monotonicMs >= startMs && f.monotonicMs <= endMs)
    if (frames.filter((f) => f.hasFace).length < frames.length / 2) continue
    windows++
    const event = events.find((e) => e.sinceMs >= startMs && e.monotonicMs <= endMs)
    if (event === undefined) continue
    life++
    if (frames.some((f) => f.textureLive && f.monotonicMs >= event.monotonicMs)) lifeAndTexture++
  }
  return { lengthS, windows, life, lifeAndTexture }
}

function countByKind(events: readonly LifeEvent[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const { kind } of events) counts[kind] = (counts[kind] ?? 0) + 1
  return counts
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted.at(Math.floor(sorted.length / 2)) ?? 0
}

/** How soon a live clip gives evidence of life, from every second of it anew. */
export async function evaluateLiveClip(clip: LifeClip, stages: LifeStages): Promise<ClipLife> {
  const watched = await watch(clip, stages, true)
  const { seen } = watched
  const sharesAt = (strictness: number) =>
    WINDOW_LENGTHS_S.map((lengthS) => shareOf(watched, lengthS, strictness))
  return {
    name: clip.name,
    seconds: ((seen.at(-1)?.monotonicMs ?? 0) - (seen.at(0)?.monotonicMs ?? 0)) / 1000,
    frames: seen.length,
    framesWithFace: seen.filter((frame) => frame.hasFace).length,
    events: countByKind(eventsOf(watched, 1)),
    shares: sharesAt(1),
    sweep: STRICTNESSES.map((strictness) => ({ strictness, shares: sharesAt(strictness) })),
    viewMs: median(watched.viewMs),
    compareMs: median(watched.compareMs),
  }
}

/** One person's photograph, to be shown as a still. */
export interface StillPicture {
  readonly person: string
  readonly picture: Image
}

export interface StillPlan {
  readonly trials: number
  readonly seconds: number
  readonly framesPerSecond: number
  readonly width: number
  readonly height: number
  /** Trial i is rendered with seed + i. */
  readonly seed: number
}

/** Trials of one species that gave an event, which is one too many. */
export interface StillShare {
  readonly species: StillSpecies | 'all'
  readonly trials: number
  readonly people: number
  /** Trials in which no face was ever found; they count as trials. */
  readonly withoutFace: number
  readonly falseEvents: number
  /** The same under each of {@link STRICTNESSES}. */
  readonly sweep: readonly { readonly strictness: number; readonly falseEvents: number }[]
  /** Of the rate of trials with a false event (Clopper–Pearson, 95 %). */
  readonly ci95: Interval
}

export interface StillTrial {
  readonly index: number
  readonly species: StillSpecies
  readonly person: string
  readonly events: readonly LifeEvent[]
  /** The strictest of {@link STRICTNESSES} under which an event was seen, if one was. */
  readonly eventUpTo: number | undefined
  readonly framesWithFace: number
}

async function* rendered(picture: Image, species: StillSpecies, plan: StillPlan, index: number) {
  const clip = renderStillClip(picture, {
    species,
    seed: plan.seed + index,
    framesPerSecond: plan.framesPerSecond,
    seconds: plan.seconds,
    width: plan.width,
    height: plan.height,
    pictureHeight: 0.75 + 0.35 * ((index * 0.37) % 1),
  })
  let sequence = 0
  for (const { image, monotonicMs } of clip) {
    yield { image, monotonicMs, capturedAtMs: monotonicMs, sequence: sequence++ }
    // Rendering is synchronous: let the event loop have its turn.
    if (sequence % 16 === 0) await new Promise((resolve) => setImmediate(resolve))
  }
}

/**
 * Shows photographs as every species of still in turn, and counts those that seem alive.
 * @param pictures at least one; trial i shows the next person as the next species
 */
export async function evaluateStills(
  pictures: readonly StillPicture[],
  stages: LifeStages,
  plan: StillPlan,
  onTrial: (trial: StillTrial) => void = () => undefined,
): Promise<StillShare[]> {
  if (pictures.length === 0) throw new RangeError('no photograph to show')
  const trials: StillTrial[] = []
  for (let index = 0; index < plan.trials; index++) {
    const round = Math.floor(index / STILL_SPECIES.length)
    const species = STILL_SPECIES[index % STILL_SPECIES.length]
    const { person, picture } = pictures[(index + round) % pictures.length]
    const clip = { name: person, frames: rendered(picture, species, plan, index) }
    const watched = await watch(clip, stages, false)
    const framesWithFace = watched.seen.filter((frame) => frame.hasFace).length
    const eventUpTo = STRICTNESSES.findLast((factor) => eventsOf(watched, factor).length > 0)
    const events = eventsOf(watched, 1)
    const trial = { index, species, person, events, eventUpTo, framesWithFace }
    trials.push(trial)
    onTrial(trial)
  }
  const summarise = (species: StillShare['species']): StillShare => {
    const own = trials.filter((trial) => species === 'all' || trial.species === species)
    const falseEvents = own.filter((trial) => trial.events.length > 0).length
    return {
      species,
      trials: own.length,
      people: new Set(own.map((trial) => trial.person)).size,
      withoutFace: own.filter((trial) => trial.framesWithFace === 0).length,
      falseEvents,
      sweep: STRICTNESSES.map((strictness) => ({
        strictness,
        falseEvents: own.filter((trial) => (trial.eventUpTo ?? 0) >= strictness).length,
      })),
      ci95: clopperPearson(falseEvents, own.length),
    }
  }
  const species = STILL_SPECIES.filter((name) => trials.some((trial) => trial.species === name))
  return [...species.map(summarise), summarise('all')]
}

/** Windows of all clips together; a long clip weighs more. */
export function poolClips(clips: readonly ClipLife[], strictness = 1): WindowShare[] {
  const ofClip = ({ sweep }: ClipLife) =>
    sweep.find((one) => one.strictness === strictness)?.shares ?? []
  return WINDOW_LENGTHS_S.map((lengthS) => {
    const shares = clips.flatMap((clip) => ofClip(clip).filter((s) => s.lengthS === lengthS))
    const total = (pick: (share: WindowShare) => number): number =>
      shares.reduce((sum, share) => sum + pick(share), 0)
    return {
      lengthS,
      windows: total((share) => share.windows),
      life: total((share) => share.life),
      lifeAndTexture: total((share) => share.lifeAndTexture),
    }
  })
}

function percent(part: number, whole: number): string {
  return whole === 0 ? '–' : `${((100 * part) / whole).toFixed(0)} %`
}

/** The figures as text for a terminal. */
export function formatLifeReport(
  clips: readonly ClipLife[],
  stills: readonly StillShare[],
): string {
  const lines = [
    'Live clips: windows with evidence of life (and live texture) within',
    ['clip'.padEnd(28), ...WINDOW_LENGTHS_S.map((s) => `${s} s`.padEnd(14))].join(''),
  ]
  const row = (name: string, shares: readonly WindowShare[]): string =>
    name.padEnd(28) +
    shares
      .map(({ life, lifeAndTexture, windows }) =>
        `${percent(life, windows)} (${percent(lifeAndTexture, windows)})`.padEnd(14),
      )
      .join('')
  for (const clip of clips) lines.push(row(clip.name, clip.shares))
  lines.push(row('all', poolClips(clips)), '', 'Stills: trials with a false event of life')
  for (const { species, trials, people, withoutFace, falseEvents, ci95 } of stills) {
    lines.push(
      `${species.padEnd(14)}${falseEvents}/${trials} (${people} people, ${withoutFace} without ` +
        `a face), 95 %: ${(100 * ci95.low).toFixed(2)}–${(100 * ci95.high).toFixed(2)} %`,
    )
  }
  return lines.join('\n')
}
