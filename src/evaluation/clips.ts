import type { Frame } from '../frame/image.js'
import type { Line } from '../line.js'
import { clopperPearson } from './statistics/binomial-interval.js'
import type { Interval } from './statistics/binomial-interval.js'
import type { WindowResult } from './windows.js'

/** Seconds after which the share of granted windows is read off. */
export const GRANT_TIMES_S = [2, 3, 5, 10, 20] as const

/** A window counts when the face was good enough in at least this share of its frames. */
const MIN_USABLE_SHARE = 0.5

/** How soon the enrolled person of a clip is granted. */
export interface TimeToGrant {
  readonly clip: string
  readonly windows: number
  readonly usableWindows: number
  /** Share of usable windows granted within each of {@link GRANT_TIMES_S} seconds. */
  readonly grantedWithin: Readonly<Record<string, number>>
  readonly medianMs: number | null
}

/** Sums windows of one clip, or of several, up. */
export function sumUpGrants(clip: string, windows: readonly WindowResult[]): TimeToGrant {
  const usable = windows.filter(({ usableShare }) => usableShare >= MIN_USABLE_SHARE)
  const times = usable.map(({ grantedAfterMs }) => grantedAfterMs ?? Infinity).sort((a, b) => a - b)
  const within = (seconds: number) =>
    usable.length === 0 ? 0 : times.filter((ms) => ms <= seconds * 1000).length / usable.length
  const median = times.at(Math.floor(times.length / 2)) ?? Infinity
  return {
    clip,
    windows: windows.length,
    usableWindows: usable.length,
    grantedWithin: Object.fromEntries(GRANT_TIMES_S.map((s) => [String(s), within(s)])),
    medianMs: Number.isFinite(median) ? median : null,
  }
}

/** Trials in which nobody may be granted, and how they went. */
export interface RefusalTrials {
  readonly what: string
  readonly trials: number
  readonly grants: number
  /** 95 % interval of the rate of grants, as if trials were independent. */
  readonly ci95: Interval
  /** Attempts by outcome. */
  readonly outcomes: Readonly<Record<string, number>>
}

/** Sums trials up. */
export function sumUpRefusals(
  what: string,
  trials: readonly { readonly outcomes: readonly string[] }[],
): RefusalTrials {
  const outcomes: Record<string, number> = {}
  let grants = 0
  for (const trial of trials) {
    if (trial.outcomes.includes('granted')) grants++
    for (const outcome of trial.outcomes) outcomes[outcome] = (outcomes[outcome] ?? 0) + 1
  }
  return {
    what,
    trials: trials.length,
    grants,
    ci95: clopperPearson(grants, trials.length),
    outcomes,
  }
}

/** Shows one sequence of frames to a fresh line, to the end. */
export async function playTrial(
  frames: AsyncIterable<Frame> | Iterable<Frame>,
  line: Line,
): Promise<{ readonly outcomes: readonly string[] }> {
  const outcomes: string[] = []
  let lastMs = 0
  const note = (ended: readonly { readonly result: { outcome: string; reason?: string } }[]) => {
    for (const { result } of ended) outcomes.push(result.reason ?? result.outcome)
  }
  for await (const frame of frames) {
    lastMs = frame.monotonicMs
    note((await line.judge(frame)).ended)
  }
  note(line.close(lastMs))
  return { outcomes }
}
