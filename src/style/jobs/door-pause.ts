/** Keeps the children of style jobs off the processor while a face is being judged. */
export interface DoorPause {
  /** A frame is being judged from now on. */
  judging(): void
  /** The frame has been judged. */
  judged(): void
  /** Takes a child in hand; it is stopped at once when a frame is being judged. */
  add(pid: number): void
  /** Lets go of a child that has ended. */
  remove(pid: number): void
}

/**
 * Where every moment is taken up by judging, painting must still come to an end: of so many frames one
 * is judged beside it, few enough to lie beyond the 95th percentile.
 */
export const FRAMES_A_CONCESSION = 25
/** Where painting has this share of the time anyway, nothing is conceded. */
export const ENOUGH_FREE_SHARE = 0.1

/**
 * Stops and continues whole processes, because a step of a large picture takes longer than a frame
 * may wait and cannot be interrupted from within.
 * @param signal sends a signal; a process that has ended meanwhile is no fault
 * @param nowMs monotonic
 */
export function createDoorPause(
  signal: (pid: number, signal: 'SIGSTOP' | 'SIGCONT') => void = sendSignal,
  nowMs: () => number = () => performance.now(),
): DoorPause {
  const children = new Set<number>()
  let isJudging = false
  let frames = 0
  let countedFromMs = nowMs()
  let judgedAtMs = countedFromMs
  let freeMs = 0

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

  return {
    judging() {
      if (isJudging) return
      freeMs += nowMs() - judgedAtMs
      judgedAtMs = nowMs()
      if (concedes()) return
      isJudging = true
      for (const pid of children) signal(pid, 'SIGSTOP')
    },
    judged() {
      if (!isJudging) return
      isJudging = false
      judgedAtMs = nowMs()
      for (const pid of children) signal(pid, 'SIGCONT')
    },
    add(pid) {
      children.add(pid)
      if (isJudging) signal(pid, 'SIGSTOP')
    },
    remove(pid) {
      children.delete(pid)
    },
  }
}

function sendSignal(pid: number, name: 'SIGSTOP' | 'SIGCONT'): void {
  try {
    process.kill(pid, name)
  } catch {
    // It has ended, and its end is told to whoever started it.
  }
}
