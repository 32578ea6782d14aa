/** What a child works at: a job that can wait, or a picture that somebody looks at now. */
export type ChildTask = 'job' | 'live'

/** Keeps the children of style jobs off the processor while a face is being judged. */
export interface DoorPause {
  /** A frame is being judged from now on. */
  judging(): void
  /** The frame has been judged. @param isSomebodyThere a face was seen in it */
  judged(isSomebodyThere: boolean): void
  /** Takes a child in hand; it is stopped at once when it may not run now. */
  add(pid: number, task: ChildTask): void
  /** Lets go of a child that has ended. */
  remove(pid: number): void
  /** To be called now and then, so that jobs go on when no frames come any more. */
  lookAround(): void
}

/**
 * Where every moment is taken up by judging, painting must still come to an end: of so many frames one
 * is judged beside it, few enough to lie beyond the 95th percentile.
 */
export const FRAMES_A_CONCESSION = 25
/** Where painting has this share of the time anyway, nothing is conceded. */
export const ENOUGH_FREE_SHARE = 0.1
/** A job stands still while somebody is before the door, and so long after. */
export const ALONE_AFTER_MS = 1500
/** Whoever stays longer than this is no visitor: jobs go on between his frames. */
export const VISIT_MOST_MS = 60_000

/**
 * Stops and continues whole processes, because a step of a large picture takes longer than a frame
 * may wait and cannot be interrupted from within, and because what it leaves in the caches delays the
 * next frame.
 * @param signal sends a signal; a process that has ended meanwhile is no fault
 * @param nowMs monotonic
 */
export function createDoorPause(
  signal: (pid: number, signal: 'SIGSTOP' | 'SIGCONT') => void = sendSignal,
  nowMs: () => number = () => performance.now(),
): DoorPause {
  const children = new Map<number, ChildTask>()
  const stopped = new Set<number>()
  let isJudging = false
  let frames = 0
  let countedFromMs = nowMs()
  let judgedAtMs = countedFromMs
  let freeMs = 0
  let visitFromMs: number | undefined
  let seenAtMs = -Infinity

  /** Of the frames counted so far, whether the next is to be judged beside the children. */
  function concedes(): boolean {
    frames++
    if (frames < FRAMES_A_CONCESSION) return false
    const isEnough = freeMs >= ENOUGH_FREE_SHARE * (nowMs() - countedFromMs)
    frames = 0
    freeMs = 0
    countedFromMs = nowMs()
    return !isEnough
  }

  function isVisited(): boolean {
    if (visitFromMs === undefined) return false
    if (nowMs() - seenAtMs < ALONE_AFTER_MS) return nowMs() - visitFromMs < VISIT_MOST_MS
    visitFromMs = undefined
    return false
  }

  /** Stops and continues whoever is not as he should be. */
  function settle(): void {
    const jobsWait = isVisited()
    for (const [pid, task] of children) {
      const waits = isJudging || (task === 'job' && jobsWait)
      if (waits === stopped.has(pid)) continue
      if (waits) stopped.add(pid)
      else stopped.delete(pid)
      signal(pid, waits ? 'SIGSTOP' : 'SIGCONT')
    }
  }

  return {
    judging() {
      if (isJudging) return
      freeMs += nowMs() - judgedAtMs
      judgedAtMs = nowMs()
      if (concedes()) return
      isJudging = true
      settle()
    },
    judged(isSomebodyThere) {
      if (isSomebodyThere) {
        seenAtMs = nowMs()
        visitFromMs ??= seenAtMs
      }
      if (isJudging) judgedAtMs = nowMs()
      isJudging = false
      settle()
    },
    add(pid, task) {
      children.set(pid, task)
      settle()
    },
    remove(pid) {
      children.delete(pid)
      stopped.delete(pid)
    },
    lookAround: settle,
  }
}

function sendSignal(pid: number, name: 'SIGSTOP' | 'SIGCONT'): void {
  try {
    process.kill(pid, name)
  } catch {
    // It has ended, and its end is told to whoever started it.
  }
}
