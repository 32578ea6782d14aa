import type { EndedAttempt } from '../decision/attempt.js'
import type { Judgement, Line } from '../line.js'

export interface StageDeadlineOptions {
  /** A frame takes at most so long from end to end. */
  readonly deadlineMs: number
  /** Runs every net once; what a fault left behind shows here and not at a person's face. */
  readonly warm: () => Promise<void>
  /** Told of each frame that took too long. */
  readonly onTrip: () => void
  /** Told once when only a new process can help: a stage never ends, or the nets cannot be warmed. */
  readonly onHang: (why: string) => void
}

/** So many deadlines without an end mean that there will be none. */
const HANG_DEADLINES = 5
const MAX_WARM_FAILURES = 3

const LATE = Symbol('late')

/** The promise's value, or `LATE` once the time is over; a rejection after that is nobody's. */
async function within<T>(promise: Promise<T>, timeoutMs: number): Promise<T | typeof LATE> {
  promise.catch(() => undefined)
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<typeof LATE>((resolve) => {
    timer = setTimeout(() => resolve(LATE), timeoutMs)
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}

/** What a frame says after its time opens nothing. */
function asFault(attempt: EndedAttempt): EndedAttempt {
  const detail = 'the frame was judged too late'
  return { ...attempt, result: { outcome: 'denied', reason: 'fault', detail } }
}

/**
 * The same line with a limit on the time of each frame. A frame beyond it is a fault: the attempt ends,
 * nothing that the frame yields later counts, the nets are warmed before the next one. A stage that does
 * not come back, or nets that fail, want a new process: sessions are made once.
 */
export function withStageDeadline(line: Line, options: StageDeadlineOptions): Line {
  const { deadlineMs, warm, onTrip } = options
  let overdue: Promise<void> | undefined
  let overdueTurns = 0
  let warmFailures = 0
  let isCold = false
  let hasHung = false
  const lateEnded: EndedAttempt[] = []

  function hang(why: string): void {
    if (!hasHung) options.onHang(why)
    hasHung = true
  }

  async function waitForOverdue(): Promise<void> {
    if (overdue === undefined) return
    if ((await within(overdue, deadlineMs)) !== LATE) return
    if (++overdueTurns >= HANG_DEADLINES) hang('a stage does not come to its end')
    throw new Error('an earlier frame is still being judged')
  }

  async function warmUp(): Promise<void> {
    try {
      if ((await within(warm(), deadlineMs)) === LATE) throw new Error('warming took too long')
      isCold = false
      warmFailures = 0
    } catch (error) {
      if (++warmFailures >= MAX_WARM_FAILURES) hang('the nets cannot be warmed')
      throw error
    }
  }

  async function judge(frame: Parameters<Line['judge']>[0]): Promise<Judgement> {
    await waitForOverdue()
    if (isCold) await warmUp()
    const judging = line.judge(frame)
    let judgement: Judgement | typeof LATE
    try {
      judgement = await within(judging, deadlineMs)
    } catch (error) {
      isCold = true
      throw error
    }
    if (judgement === LATE) {
      isCold = true
      overdueTurns = 0
      overdue = judging
        .then(({ ended }) => void lateEnded.push(...ended.map(asFault)))
        .catch(() => undefined)
        .finally(() => (overdue = undefined))
      onTrip()
      throw new Error(`a frame took longer than ${deadlineMs} ms`)
    }
    return { ...judgement, ended: [...lateEnded.splice(0), ...judgement.ended] }
  }

  return {
    judge,
    attemptUnderWay: () => line.attemptUnderWay(),
    close: (nowMs) => [...lateEnded.splice(0), ...line.close(nowMs)],
    fail: (nowMs, why) => [...lateEnded.splice(0), ...line.fail(nowMs, why)],
  }
}
