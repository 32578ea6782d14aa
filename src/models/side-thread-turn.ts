/**
 * Who ends a thread waits until no net runs in it: onnxruntime aborts the whole process when the thread
 * goes away beneath it.
 */
export interface Turn {
  /** Memory that both threads see. */
  readonly shared: Int32Array<SharedArrayBuffer>
  /** In the thread: does some work, unless it is to end; then it never comes back. */
  readonly take: <T>(work: () => Promise<T>) => Promise<T>
  /** Before the thread ends: waits for the work under way, and lets nothing begin. */
  readonly stop: () => void
}

const STOPPED = 0
const WORKING = 1
/** A net takes milliseconds; the largest takes a second to load. */
const WAIT_MS = 2000

/** @param shared of the other thread's turn; a new one if not given */
export function createTurn(shared = new Int32Array(new SharedArrayBuffer(8))): Turn {
  return {
    shared,
    async take(work) {
      Atomics.add(shared, WORKING, 1)
      if (Atomics.load(shared, STOPPED) === 1) {
        leave(shared)
        return new Promise(() => undefined)
      }
      try {
        return await work()
      } finally {
        leave(shared)
      }
    },
    stop() {
      Atomics.store(shared, STOPPED, 1)
      const untilMs = performance.now() + WAIT_MS
      for (;;) {
        const working = Atomics.load(shared, WORKING)
        const leftMs = untilMs - performance.now()
        if (working === 0 || leftMs <= 0) return
        Atomics.wait(shared, WORKING, working, leftMs)
      }
    },
  }
}

function leave(shared: Int32Array<SharedArrayBuffer>): void {
  Atomics.sub(shared, WORKING, 1)
  Atomics.notify(shared, WORKING)
}
