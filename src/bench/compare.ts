import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { summariseTimings, type Timing } from '../evaluation/quantiles.js'
import { startContender, type Contender, type ContenderProgram } from './contender.js'
import { findPeers } from './peers.js'
import { STEPS, type Run, type Step } from './protocol.js'
import { composeScene, nameScene, writeFrames, type Scene } from './scenes.js'

export interface CompareOptions {
  readonly genkan: ContenderProgram
  /** Beginning with the one that summaries speak of. */
  readonly scenes: readonly [Scene, ...Scene[]]
  /** Turns that every contender gets at each step of each scene. */
  readonly rounds: number
  /** Frames a turn. */
  readonly frames: number
  readonly onProgress: (what: string) => void
}

/** One contender at one step of one scene. */
export interface Measured {
  readonly timing: Timing
  /** The peer's median over genkan's of the same round: middle, least and most of all rounds. */
  readonly ratio: { readonly p50: number; readonly low: number; readonly high: number }
  readonly facesPerFrame: number
  readonly cpuSecondsPer1000Frames: number
}

export interface ContenderReport {
  readonly name: string
  readonly version: string
  readonly judges: string
  /** The most after any turn at the first scene, its frames included. */
  readonly rssMb: number
  /** By scene in their order, then by step. */
  readonly scenes: Readonly<Record<string, Readonly<Record<Step, Measured>>>>
}

export interface Comparison {
  readonly rounds: number
  readonly framesPerTurn: number
  /** genkan first. */
  readonly contenders: readonly ContenderReport[]
  /** Who did not take part, why, and what would mend that. */
  readonly absent: readonly { readonly name: string; readonly why: string; readonly cure: string }[]
}

const MAX_SCENE_FRAMES = 12
/** Long-running programs compile what they run often: nobody is measured before that. */
const WARM_UP_MS = 3000
const WARM_UP_FRAMES = 4

/** Runs genkan and every peer that is there in turns over the same frames. */
export async function compareWithPeers(options: CompareOptions): Promise<Comparison> {
  const { onProgress } = options
  const absent: { name: string; why: string; cure: string }[] = []
  const contenders: Contender[] = []
  const folder = mkdtempSync(join(tmpdir(), 'genkan-bench-'))
  try {
    contenders.push(await startContender(options.genkan))
    for (const peer of findPeers()) {
      if (!('program' in peer)) {
        absent.push({ name: peer.name, why: peer.missing, cure: peer.install })
        continue
      }
      onProgress(`starting ${peer.name}`)
      try {
        contenders.push(await startContender(peer.program))
      } catch (error) {
        const why = error instanceof Error ? error.message : String(error)
        absent.push({ name: peer.name, why, cure: 'mend its installation' })
      }
    }
    const turns = await takeTurns(contenders, options, folder)
    return {
      rounds: options.rounds,
      framesPerTurn: options.frames,
      contenders: contenders.map((contender) => sumUp(contender, turns, options.scenes)),
      absent,
    }
  } finally {
    for (const contender of contenders) contender.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}

interface Turn {
  readonly contender: string
  readonly scene: string
  readonly step: Step
  readonly run: Run
}

async function takeTurns(
  contenders: readonly Contender[],
  { scenes, rounds, frames, onProgress }: CompareOptions,
  folder: string,
): Promise<Turn[]> {
  const turns: Turn[] = []
  for (const scene of scenes) {
    const name = nameScene(scene)
    onProgress(name)
    const path = join(folder, 'frames.rgb')
    writeFrames(path, await composeScene(scene, MAX_SCENE_FRAMES))
    const { width, height } = scene
    for (const contender of contenders) {
      await contender.load({ path, width, height, count: MAX_SCENE_FRAMES })
      await warmUp(contender)
    }
    for (let round = 0; round < rounds; round++) {
      for (const step of STEPS) {
        // Whoever follows another finds its traces in the caches: the order goes round.
        const order = contenders.map((_, i) => contenders[(i + round) % contenders.length])
        for (const contender of order) {
          const run = await contender.run(step, frames)
          turns.push({ contender: contender.name, scene: name, step, run })
        }
      }
    }
  }
  return turns
}

async function warmUp(contender: Contender): Promise<void> {
  const untilMs = performance.now() + WARM_UP_MS
  do {
    for (const step of STEPS) await contender.run(step, WARM_UP_FRAMES)
  } while (performance.now() < untilMs)
}

function sumUp(
  { name, introduction }: Contender,
  turns: readonly Turn[],
  compared: CompareOptions['scenes'],
): ContenderReport {
  const own = turns.filter((turn) => turn.contender === name)
  const genkan = turns[0].contender
  const scenes: Record<string, Record<Step, Measured>> = {}
  for (const scene of compared.map(nameScene)) {
    const measure = (step: Step): Measured => {
      const at = (turn: Turn) => turn.scene === scene && turn.step === step
      const runs = own.filter(at).map(({ run }) => run)
      const base = turns.filter((turn) => turn.contender === genkan && at(turn))
      const ratios = runs
        .map(({ ms }, round) => summariseTimings(ms).p50 / summariseTimings(base[round].run.ms).p50)
        .sort((a, b) => a - b)
      const count = runs.reduce((sum, { ms }) => sum + ms.length, 0)
      const cpuMs = runs.reduce((sum, run) => sum + run.cpuMs, 0)
      return {
        timing: summariseTimings(runs.flatMap(({ ms }) => ms)),
        ratio: { p50: ratios[ratios.length >> 1], low: ratios[0], high: ratios[ratios.length - 1] },
        facesPerFrame: runs.reduce((sum, { faces }) => sum + faces, 0) / count,
        // Milliseconds a frame are seconds per 1,000 frames.
        cpuSecondsPer1000Frames: cpuMs / count,
      }
    }
    scenes[scene] = {
      detect: measure('detect'),
      encode: measure('encode'),
      decide: measure('decide'),
    }
  }
  const first = nameScene(compared[0])
  const rssMb = Math.max(...own.filter(({ scene }) => scene === first).map(({ run }) => run.rssMb))
  return { name, ...introduction, rssMb, scenes }
}

/** One peer, frames of the first scene to their decision. */
export interface PeerSummary {
  readonly version: string
  readonly ratioP50: number
  readonly ratioLow: number
  readonly ratioHigh: number
  readonly encodeRatioP50: number
  readonly rssMb: number
}

/** The peers in a word each, by name. */
export function summarisePeers({ contenders }: Comparison): Record<string, PeerSummary> {
  const summaries = contenders.slice(1).map(({ name, version, rssMb, scenes }) => {
    const [{ decide, encode }] = Object.values(scenes)
    const { p50, low, high } = decide.ratio
    const ratios = { ratioP50: p50, ratioLow: low, ratioHigh: high }
    return [name, { version, ...ratios, encodeRatioP50: encode.ratio.p50, rssMb }] as const
  })
  return Object.fromEntries(summaries)
}

/** Tables for people: a row a contender, a block a scene. */
export function describeComparison(comparison: Comparison, wattsPerCore: number): string {
  const { contenders, absent, rounds, framesPerTurn } = comparison
  const lines = [
    `genkan and its peers in turns over the same frames, ${rounds} rounds of ${framesPerTurn}; ms p50, and in`,
    'brackets how many times genkan’s (middle of the rounds, least to most)',
  ]
  for (const scene of Object.keys(contenders[0].scenes)) {
    lines.push('', `${scene.padEnd(22)}${HEADS.join('')}`)
    for (const { name, scenes } of contenders) {
      const steps = scenes[scene]
      const cells = STEPS.map((step) => cell(steps[step], name === contenders[0].name))
      const { facesPerFrame, cpuSecondsPer1000Frames: cpuS } = steps.decide
      const joules = (cpuS * wattsPerCore).toFixed(0)
      lines.push(
        `${name.padEnd(22)}${cells.join('')}${facesPerFrame.toFixed(1).padStart(6)}${cpuS.toFixed(0).padStart(8)}${joules.padStart(8)}`,
      )
    }
  }
  lines.push('', `CPU s and J (at ${wattsPerCore} W a core) per 1,000 frames to decision`, '')
  for (const { name, version, judges, rssMb } of contenders) {
    lines.push(`${name} ${version}: RSS ${rssMb.toFixed(0)} MB; ${judges}`)
  }
  for (const { name, why, cure } of absent) lines.push(`${name} is not here: ${why}; ${cure}`)
  return `${lines.join('\n')}\n`
}

const HEADS = ['detect', 'detect and encode', 'to decision']
  .map((head) => head.padEnd(27))
  .concat([' faces', '   CPU s', '       J'])

function cell({ timing, ratio }: Measured, isGenkan: boolean): string {
  const ms = timing.p50.toFixed(1).padStart(6)
  if (isGenkan) return ms.padEnd(27)
  const times = (value: number) => value.toFixed(value < 10 ? 1 : 0)
  return `${ms} (${times(ratio.p50)}; ${times(ratio.low)}–${times(ratio.high)})`.padEnd(27)
}
