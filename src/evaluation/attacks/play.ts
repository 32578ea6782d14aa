import type { Config } from '../../config/schema.js'
import type { Face } from '../../detection/face.js'
import type { Frame, Image } from '../../frame/image.js'
import type { Judgement, Line } from '../../line.js'
import { printPicture, screenPicture } from './media.js'
import { compareViews, shareComparison } from '../../liveness/face-change.js'
import type { LivenessMode } from '../../liveness/fusion.js'
import { createRandom } from '../../liveness/random.js'
import { createGallery } from '../../matching/gallery.js'
import { openLine, type LineStages } from '../../open-line.js'
import { createRecognition } from '../../recognition.js'
import type { Stages } from '../../stages.js'
import type { ThresholdSource } from '../../threshold-source.js'
import {
  shareEncoder,
  shareFaceViewer,
  shareFinder,
  shareMaskScorer,
  shareTextureScorer,
} from '../shared-stages.js'
import { createSeededDrawer, findEarlierSession, type EarlierSession } from './earlier-session.js'
import { renderFeed, type FeedSpecies } from './feeds.js'
import { playStretch, readMovements, readRecording, type Stretch } from './recording.js'
import { pickMotion, renderMask, renderStill, renderSwap, type RenderPlan } from './render.js'
import type { AttackPlan } from './suites.js'
import type { ChallengeFrame } from '../../liveness/challenge/challenge.js'

/** A photograph of somebody, the labelled face found. */
export interface ShownPerson {
  readonly person: string
  readonly picture: Image
  readonly face: Face
}

/** What attacks are played before, and made of. */
export interface AttackStage {
  readonly stages: Stages
  readonly config: Config
  readonly threshold: ThresholdSource
  readonly people: readonly ShownPerson[]
  /** Clips of living people, with their lengths. */
  readonly clips: readonly { readonly file: string; readonly seconds: number }[]
  /** Of what photographs are rendered to. */
  readonly framesPerSecond: number
  readonly seconds: number
}

/** What the door made of one attack in one mode. */
export interface ModeResult {
  readonly granted: boolean
  /** `granted` or the reason of each attempt that ended, in order. */
  readonly outcomes: readonly string[]
  /** Most life events at any moment of an attempt. */
  readonly lifeEvents: number
  readonly challengePassed: boolean
  /** Cues that said attack in some frame. */
  readonly refusedBy: readonly string[]
}

/** One attack, played in every mode over the same frames. */
export interface AttackTrial {
  readonly index: number
  readonly species: string
  readonly person: string
  readonly frames: number
  readonly framesWithFace: number
  readonly modes: Readonly<Partial<Record<LivenessMode, ModeResult>>>
}

const STILL_SIZE = { width: 320, height: 240 } as const
/** What is made of recordings keeps a kiosk camera's rate and size. */
const RECORDED_FPS = 15
const REPLAY_SECONDS = 20
/** Stretch of the first clip in which earlier sessions are looked for. */
const SESSION_STRETCH = { startS: 0, durationS: 45, framesPerSecond: RECORDED_FPS } as const

/** Whoever is shown is enrolled, so that only liveness can refuse. */
const ANYBODY = {
  outcome: 'match',
  personId: 'shown',
  distanceSq: 0,
  runnerUpDistanceSq: null,
} as const

interface Shown {
  readonly frames: AsyncIterable<Frame> | Iterable<Frame>
  readonly person: string
  /** Without it, whoever is seen counts as enrolled. */
  readonly enrolled?: ShownPerson
  readonly session?: EarlierSession
}

/** Plays attacks by plan. */
export interface AttackPlayer {
  play(plan: AttackPlan, modes: readonly LivenessMode[]): Promise<AttackTrial>
}

/** A player that keeps what its attacks are made of. */
export function createAttackPlayer(stage: AttackStage): AttackPlayer {
  const { stages, people, clips } = stage
  let movements: Promise<ChallengeFrame[]> | undefined

  function pickStretch(seed: number, durationS: number): Stretch {
    const random = createRandom(seed)
    const clip = clips[Math.floor(clips.length * random.uniform())]
    const startS = (clip.seconds - durationS) * random.uniform()
    return { file: clip.file, startS, durationS, framesPerSecond: RECORDED_FPS }
  }

  async function prepare({ species, seed, personIndex }: AttackPlan): Promise<Shown> {
    const person = people[personIndex]
    const plan: RenderPlan = {
      seed,
      framesPerSecond: stage.framesPerSecond,
      seconds: stage.seconds,
      ...STILL_SIZE,
    }
    const random = createRandom(seed)
    const still = (frames: Iterable<Frame>): Shown => ({ frames, person: person.person })
    switch (species) {
      case 'print':
        return still(renderStill(person.picture, pickMotion(random), plan, printPicture))
      case 'screen':
        return still(renderStill(person.picture, pickMotion(random), plan, screenPicture))
      case 'hand-moved':
        return still(renderStill(person.picture, 'hand-shake', plan))
      case 'frozen-feed':
      case 'looped-feed': {
        const shot = [...renderStill(person.picture, pickMotion(random), { ...plan, seconds: 5 })]
        const feeds: readonly FeedSpecies[] =
          species === 'frozen-feed'
            ? ['frozen', 'frozen-relabelled']
            : ['looped', 'looped-re-encoded']
        const feed = feeds[Math.floor(2 * random.uniform())]
        return still(
          renderFeed(
            shot.map(({ image }) => image),
            { ...plan, species: feed },
          ),
        )
      }
      case 'face-swap':
      case 'cut-out-mask': {
        const living = await readRecording(pickStretch(seed, stage.seconds), stages.finder)
        const render = species === 'face-swap' ? renderSwap : renderMask
        return { frames: render(living, person, plan), person: person.person, enrolled: person }
      }
      case 'challenge-replay': {
        const stretch = { ...SESSION_STRETCH, file: clips[0].file }
        movements ??= readMovements(stretch, stages)
        const session = findEarlierSession(await movements, seed)
        if (session === undefined) throw new Error('no stretch of the recording passes a challenge')
        const startS = session.startMs / 1000
        const frames = playStretch({ ...stretch, startS, durationS: REPLAY_SECONDS })
        return { frames, person: 'recorded', session }
      }
      case 'recording-frozen':
      case 'recording-frozen-relabelled':
      case 'recording-looped':
      case 'recording-looped-re-encoded': {
        const images: Image[] = []
        for await (const { image } of playStretch(pickStretch(seed, 6))) images.push(image)
        const feed = species.slice('recording-'.length) as FeedSpecies
        const feedPlan = { ...plan, species: feed, framesPerSecond: RECORDED_FPS }
        return { frames: renderFeed(images, feedPlan), person: 'recorded' }
      }
      case 'frozen':
      case 'noise':
      case 'translate':
      case 'rotate':
      case 'tilt':
      case 'zoom':
      case 'bend-tilt':
        return still(renderStill(person.picture, species, plan))
    }
  }

  async function identifierOf({ enrolled }: Shown) {
    if (enrolled === undefined) return () => ANYBODY
    const { encoder } = stages
    const aligned = encoder.align(enrolled.picture, enrolled.face)
    const gallery = createGallery(encoder.modelId)
    const embedding = await encoder.encode(aligned)
    gallery.add({ templateId: enrolled.person, personId: enrolled.person, embedding })
    const recognition = createRecognition(() => gallery, stage.threshold)
    return (probe: Parameters<typeof recognition.identify>[0]) => recognition.identify(probe)
  }

  async function play(plan: AttackPlan, modes: readonly LivenessMode[]): Promise<AttackTrial> {
    const shown = await prepare(plan)
    const identify = await identifierOf(shown)
    const shared: LineStages = {
      ...(stages.pad === undefined ? {} : { pad: stages.pad }),
      finder: shareFinder(stages.finder),
      encoder: shareEncoder(stages.encoder),
      scoreTexture: shareTextureScorer(stages.scoreTexture),
      scoreMask: shareMaskScorer(stages.scoreMask),
      viewFace: shareFaceViewer(stages.viewFace),
      compareViews: shareComparison(compareViews),
      drawChallenge: shown.session?.draw ?? createSeededDrawer(plan.seed),
    }
    // Only a challenge can be answered; where none is set, an earlier session is any recording.
    const asked = plan.species === 'challenge-replay' ? (['challenge'] as const) : modes
    const doors = asked.map((mode) => {
      const liveness = { ...stage.config.liveness, mode }
      return watchDoor(mode, openLine(shared, { ...stage.config, liveness }, identify))
    })
    let frames = 0
    let framesWithFace = 0
    let lastMs = 0
    for await (const frame of shown.frames) {
      frames++
      lastMs = frame.monotonicMs
      let faces = 0
      for (const door of doors) faces = (await door.show(frame)).faces.length
      framesWithFace += Number(faces > 0)
    }
    const results = doors.map((door) => [door.mode, door.close(lastMs)] as const)
    return {
      index: plan.index,
      species: plan.species,
      person: shown.person,
      frames,
      framesWithFace,
      modes: Object.fromEntries(results),
    }
  }

  return { play }
}

function watchDoor(mode: LivenessMode, line: Line) {
  const outcomes: string[] = []
  let lifeEvents = 0
  let challengePassed = false
  const refusedBy = new Set<string>()
  const note = (ended: Judgement['ended']) => {
    for (const { result } of ended) {
      outcomes.push(result.outcome === 'granted' ? 'granted' : result.reason)
    }
  }
  return {
    mode,
    async show(frame: Frame): Promise<Judgement> {
      const judgement = await line.judge(frame)
      note(judgement.ended)
      lifeEvents = Math.max(lifeEvents, judgement.liveness?.lifeEvents ?? 0)
      for (const { name, outcome } of judgement.liveness?.cues ?? []) {
        if (outcome.verdict === 'attack') refusedBy.add(name)
        challengePassed ||= name === 'challenge' && outcome.verdict === 'live'
      }
      return judgement
    },
    close(nowMs: number): ModeResult {
      note(line.close(nowMs))
      const granted = outcomes.includes('granted')
      return { granted, outcomes, lifeEvents, challengePassed, refusedBy: [...refusedBy] }
    },
  }
}
