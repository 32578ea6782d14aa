import { setTimeout as pause } from 'node:timers/promises'

import { z } from 'zod'

import { quantileOfSorted } from '../evaluation/statistics/bootstrap.js'
import { createSeededRandom } from '../evaluation/statistics/random.js'
import type { BenchDaemon } from './bench-daemon.js'

/** Something that runs beside the door. */
export interface Load {
  readonly name: string
  /** Begins it. @returns what ends it, which waits until it has ended */
  readonly begin: () => Promise<() => Promise<void>>
}

/** What was seen of the door with one load, over all rounds. */
export interface DoorUnderLoad {
  readonly load: string
  readonly seconds: number
  readonly decisions: number
  readonly granted: number
  /** From the capture of a decision's last frame to the decision. */
  readonly decisionMs: { readonly p50Ms: number; readonly p95Ms: number }
  /** From a frame's capture to its judgement; medians over rounds, each of the newest frames. */
  readonly frameMs: { readonly p50Ms: number; readonly p95Ms: number }
  /** p95 of decisions by that of the first load, with a 95 % interval by bootstrap over decisions. */
  readonly ratio: number
  readonly ratioInterval: readonly [number, number]
}

/** A decision as the API tells it. */
export interface SeenDecision {
  readonly id: string
  readonly outcome: string
  readonly latencyMs: number
}

/** Nothing beside the door: what the others are compared with. */
export const IDLE: Load = { name: 'idle', begin: () => Promise.resolve(() => Promise.resolve()) }

const RESAMPLES = 2000

const decisionPage = z.object({
  items: z.array(
    z.object({ id: z.string(), outcome: z.string(), latencyMs: z.number().nonnegative() }),
  ),
  nextCursor: z.string().nullable(),
})
const healthSchema = z.object({
  stages: z.record(z.string(), z.object({ p50Ms: z.number(), p95Ms: z.number() })).optional(),
})

/** @returns the decisions in a daemon's store, newest first, down to one that is known */
export async function decisionsSince(
  daemon: BenchDaemon,
  lastId: string | undefined,
): Promise<SeenDecision[]> {
  const fresh: SeenDecision[] = []
  let cursor: string | null = null
  do {
    const query: string = cursor === null ? '' : `&cursor=${cursor}`
    const response = await daemon.ask(`/api/decisions?limit=200${query}`)
    const page = decisionPage.parse(await response.json())
    for (const item of page.items) {
      if (item.id === lastId) return fresh
      fresh.push(item)
    }
    cursor = page.nextCursor
  } while (cursor !== null)
  return fresh
}

/**
 * Looks at a door under several loads in turn, so that what else the machine does falls on all.
 * @param loads the first is what the others are compared with
 * @param settleMs from a load's begin until it is looked at
 */
export async function measureDoorUnderLoads(
  daemon: BenchDaemon,
  loads: readonly Load[],
  { seconds, rounds, settleMs }: { seconds: number; rounds: number; settleMs: number },
): Promise<DoorUnderLoad[]> {
  const seen = loads.map(({ name }) => ({
    name,
    decisions: [] as SeenDecision[],
    frames: [] as { readonly p50Ms: number; readonly p95Ms: number }[],
  }))
  for (let round = 0; round < rounds; round++) {
    for (const [index, load] of loads.entries()) {
      const end = await load.begin()
      try {
        await pause(settleMs)
        const last = (await decisionsSince(daemon, undefined)).at(0)
        await pause(seconds * 1000)
        seen[index].decisions.push(...(await decisionsSince(daemon, last?.id)))
        const health = healthSchema.parse(await (await daemon.ask('/api/health')).json())
        seen[index].frames.push(health.stages?.['whole'] ?? { p50Ms: NaN, p95Ms: NaN })
      } finally {
        await end()
      }
    }
  }
  const latenciesOf = (decisions: readonly SeenDecision[]) =>
    decisions.map(({ latencyMs }) => latencyMs)
  const idle = latenciesOf(seen[0].decisions)
  return seen.map(({ name, decisions, frames }) => {
    const latencies = latenciesOf(decisions)
    return {
      load: name,
      seconds: seconds * rounds,
      decisions: decisions.length,
      granted: decisions.filter(({ outcome }) => outcome === 'granted').length,
      decisionMs: { p50Ms: quantileOf(latencies, 0.5), p95Ms: quantileOf(latencies, 0.95) },
      frameMs: {
        p50Ms: quantileOf(
          frames.map(({ p50Ms }) => p50Ms),
          0.5,
        ),
        p95Ms: quantileOf(
          frames.map(({ p95Ms }) => p95Ms),
          0.5,
        ),
      },
      ratio: quantileOf(latencies, 0.95) / quantileOf(idle, 0.95),
      ratioInterval: ratioInterval(latencies, idle),
    }
  })
}

/** One line for people. */
export function describeDoorUnderLoad(door: DoorUnderLoad): string {
  const { load, seconds, decisions, granted, decisionMs, frameMs, ratio } = door
  const [low, high] = door.ratioInterval
  const ms = ({ p50Ms, p95Ms }: { readonly p50Ms: number; readonly p95Ms: number }) =>
    `p50 ${p50Ms.toFixed(1)}, p95 ${p95Ms.toFixed(1)} ms`
  return (
    `${load.padEnd(9)} ${seconds} s: ${decisions} decisions, ${granted} granted, ${ms(decisionMs)}, ` +
    `p95 ${ratio.toFixed(2)}x idle [${low.toFixed(2)}, ${high.toFixed(2)}]; frames ${ms(frameMs)}`
  )
}

function quantileOf(values: readonly number[], share: number): number {
  if (values.length === 0) return NaN
  return quantileOfSorted(
    values.toSorted((a, b) => a - b),
    share,
  )
}

/** 95 % interval of the ratio of two p95, both resampled. */
function ratioInterval(
  loaded: readonly number[],
  idle: readonly number[],
): readonly [number, number] {
  if (loaded.length === 0 || idle.length === 0) return [NaN, NaN]
  const random = createSeededRandom(1)
  const drawn = (values: readonly number[]) =>
    quantileOf(
      values.map(() => values[Math.floor(random() * values.length)]),
      0.95,
    )
  const ratios = Array.from({ length: RESAMPLES }, () => drawn(loaded) / drawn(idle))
  return [quantileOf(ratios, 0.025), quantileOf(ratios, 0.975)]
}
