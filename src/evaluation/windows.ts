import type { Frame } from '../frame/image.js'
import type { Judgement, Line } from '../line.js'

/** How one window of a clip went: a line opened at its start and fed up to its end. */
export interface WindowResult {
  readonly startMs: number
  /** Share of the window's frames with a face good enough to be judged, 0..1. */
  readonly usableShare: number
  /** From the window's start to the grant; `null` when there was none. */
  readonly grantedAfterMs: number | null
  readonly grantedPersonId: string | null
  /** Outcomes of the attempts that ended in the window, in order: `granted` or a reason. */
  readonly outcomes: readonly string[]
}

export interface WindowPlan {
  /** A window opens this often. */
  readonly everyMs: number
  readonly lengthMs: number
  /** Frames to the end of a clip may open windows only if at least this much is left of it. */
  readonly minLengthMs: number
}

interface OpenWindow {
  readonly door: number
  readonly line: Line
  readonly startMs: number
  readonly outcomes: string[]
  frames: number
  usableFrames: number
  grantedAfterMs: number | null
  grantedPersonId: string | null
}

/**
 * Plays a clip from beginning to end before many doors at once: each window is a fresh line that
 * knows nothing of what was shown before its start, as when a person walks up just then.
 * @param doors each opens a fresh line; share stages between lines, or it costs as many runs
 * @returns for each door its windows, in order
 */
export async function playWindows(
  frames: AsyncIterable<Frame>,
  doors: readonly (() => Line)[],
  plan: WindowPlan,
): Promise<WindowResult[][]> {
  const open: OpenWindow[] = []
  const closed: OpenWindow[] = []
  let nextStartMs: number | undefined
  let lastMs = 0
  for await (const frame of frames) {
    lastMs = frame.monotonicMs
    nextStartMs ??= frame.monotonicMs
    if (frame.monotonicMs >= nextStartMs) {
      for (const [door, openLine] of doors.entries()) {
        open.push(startWindow(door, openLine(), frame.monotonicMs))
      }
      nextStartMs += plan.everyMs
    }
    for (const window of open) note(window, await window.line.judge(frame))
    while (open.length > 0 && lastMs - open[0].startMs >= plan.lengthMs) {
      closed.push(...open.splice(0, 1))
    }
  }
  const long = open.filter(({ startMs }) => lastMs - startMs >= plan.minLengthMs)
  const finished = [...closed, ...long]
  return doors.map((_, door) =>
    finished.filter((window) => window.door === door).map((window) => toResult(window)),
  )
}

function toResult(window: OpenWindow): WindowResult {
  return {
    startMs: window.startMs,
    usableShare: window.frames === 0 ? 0 : window.usableFrames / window.frames,
    grantedAfterMs: window.grantedAfterMs,
    grantedPersonId: window.grantedPersonId,
    outcomes: window.outcomes,
  }
}

function startWindow(door: number, line: Line, startMs: number): OpenWindow {
  return {
    door,
    line,
    startMs,
    outcomes: [],
    frames: 0,
    usableFrames: 0,
    grantedAfterMs: null,
    grantedPersonId: null,
  }
}

function note(window: OpenWindow, { frame, quality, tracked, ended }: Judgement): void {
  const resting = tracked !== undefined && quality === undefined
  if (!resting) {
    window.frames++
    if (quality?.ok === true) window.usableFrames++
  }
  for (const { result } of ended) {
    if (result.outcome === 'granted') {
      window.outcomes.push('granted')
      window.grantedAfterMs ??= frame.monotonicMs - window.startMs
      window.grantedPersonId ??= result.personId
    } else {
      window.outcomes.push(result.reason)
    }
  }
}
