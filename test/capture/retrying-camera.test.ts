import { setImmediate as turn } from 'node:timers/promises'
import t from 'tap'
import type { CameraState } from '../../src/capture/camera.js'
import { captureFault, type CaptureSession } from '../../src/capture/capture-session.js'
import type { CaptureClock } from '../../src/capture/clock.js'
import { createRetryingCamera } from '../../src/capture/retrying-camera.js'
import { createImage } from '../../src/frame/image.js'

/** A clock that moves only when somebody sleeps. */
function createTestClock() {
  const sleeps: number[] = []
  let nowMs = 1000
  const clock: CaptureClock = {
    monotonicMs: () => nowMs,
    epochMs: () => 1_700_000_000_000 + nowMs,
    sleep: async (durationMs, signal) => {
      await turn()
      if (!signal.aborted) {
        sleeps.push(durationMs)
        nowMs += durationMs
      }
    },
  }
  return { clock, sleeps, advance: (ms: number) => (nowMs += ms) }
}

const never = new AbortController().signal
const picture = () => createImage(2, 2, new Uint8Array(12))
const untilAborted = (signal: AbortSignal) =>
  new Promise<{ kind: 'stopped' }>((resolve) => {
    if (signal.aborted) resolve({ kind: 'stopped' })
    signal.addEventListener('abort', () => resolve({ kind: 'stopped' }), { once: true })
  })

t.test('frames are numbered and stamped across sessions', async (t) => {
  const { clock, advance } = createTestClock()
  let opened = 0
  const session: CaptureSession = async (sink, signal) => {
    opened += 1
    sink.put(picture())
    await turn()
    advance(100)
    sink.put(picture())
    await turn()
    if (opened < 3) return captureFault('unplugged', 'plug it in')
    return untilAborted(signal)
  }
  const camera = createRetryingCamera({ description: 'x', session, clock, atEnd: 'again' })
  camera.start()
  camera.start()
  const frames = []
  while (frames.length < 6) frames.push(await camera.nextFrame(never))
  t.same(
    frames.map((frame) => frame?.sequence),
    [0, 1, 2, 3, 4, 5],
  )
  const times = frames.map((frame) => frame?.monotonicMs ?? 0)
  t.ok(times.every((time, i) => i === 0 || time >= times[i - 1]))
  t.equal(opened, 3, 'starting twice opens once')
  await camera.stop()
})

t.test('failures in a row wait longer; a steady run starts over', async (t) => {
  const { clock, sleeps, advance } = createTestClock()
  let opened = 0
  const session: CaptureSession = async (sink, signal) => {
    opened += 1
    if (opened === 5) {
      for (let i = 0; i < 60; i++) {
        sink.put(picture())
        advance(100)
      }
      await turn()
    }
    return opened > 7 ? untilAborted(signal) : captureFault(`gone ${opened}`, 'look')
  }
  const camera = createRetryingCamera({
    description: 'x',
    session,
    clock,
    atEnd: 'again',
    random: () => 0,
  })
  camera.start()
  while (opened <= 7) await turn()
  t.same(sleeps, [125, 250, 500, 500, 125, 250, 500])
  await camera.stop()
})

t.test('the state tells the story, and each change is told once', async (t) => {
  const { clock } = createTestClock()
  const told: CameraState[] = []
  let opened = 0
  const session: CaptureSession = async (sink, signal) => {
    opened += 1
    if (opened < 3) return captureFault('no such device', 'plug it in')
    sink.put(picture())
    sink.put(picture())
    return untilAborted(signal)
  }
  const camera = createRetryingCamera({
    description: 'x',
    session,
    clock,
    atEnd: 'again',
    onState: (state) => told.push(state),
  })
  t.same(camera.state, { name: 'starting' })
  camera.start()
  await camera.nextFrame(never)
  t.equal(camera.state.name, 'ready')
  await camera.stop()
  t.same(
    told.map(({ name }) => name),
    ['degraded', 'ready', 'stopped'],
  )
  t.match(told[0], { cause: 'no such device', cure: 'plug it in' })
})

t.test('a frame from before a failure is not handed out after it', async (t) => {
  const { clock } = createTestClock()
  let opened = 0
  const session: CaptureSession = async (sink, signal) => {
    opened += 1
    if (opened > 1) return untilAborted(signal)
    sink.put(picture())
    await turn()
    return captureFault('gone', 'look')
  }
  const camera = createRetryingCamera({ description: 'x', session, clock, atEnd: 'again' })
  camera.start()
  while (opened < 2) await turn()
  const abort = new AbortController()
  const wait = camera.nextFrame(abort.signal)
  await turn()
  abort.abort()
  t.equal(await wait, undefined)
  await camera.stop()
})

t.test('an exception in a session is a fault like any other', async (t) => {
  const { clock } = createTestClock()
  let opened = 0
  const session: CaptureSession = (_sink, signal) => {
    opened += 1
    if (opened === 1) return Promise.reject(new Error('disk on fire'))
    return untilAborted(signal)
  }
  const causes: string[] = []
  const camera = createRetryingCamera({
    description: 'x',
    session,
    clock,
    atEnd: 'again',
    onState: (state) => state.name === 'degraded' && causes.push(state.cause),
  })
  camera.start()
  while (opened < 2) await turn()
  t.match(causes, [/disk on fire/])
  await camera.stop()
})

t.test(
  'the memory of unread frames is used again, that of read ones once it is given back',
  async (t) => {
    const { clock } = createTestClock()
    const given: Uint8Array[] = []
    let go = (): void => undefined
    const session: CaptureSession = async (sink, signal) => {
      for (let i = 0; i < 30; i++) {
        const memory = sink.memory(12).fill(i)
        given.push(memory)
        sink.put(createImage(2, 2, memory))
        if (i % 10 === 9) await new Promise<void>((resolve) => (go = resolve))
      }
      return untilAborted(signal)
    }
    const camera = createRetryingCamera({ description: 'x', session, clock, atEnd: 'again' })
    camera.start()
    while (given.length < 10) await turn()
    t.ok(new Set(given).size <= 3, 'ten frames unread, but a few buffers')
    const read = await camera.nextFrame(never)
    t.equal(read?.image.data[0], 9)
    go()
    while (given.length < 20) await turn()
    t.equal(read?.image.data[0], 9, 'what the reader holds stays as it was')
    const next = await camera.nextFrame(never)
    t.equal(next?.image.data[0], 19)
    if (read === undefined || next === undefined) return
    camera.giveBack?.(read)
    camera.giveBack?.(read)
    camera.giveBack?.({ ...read, image: picture() })
    go()
    while (given.length < 30) await turn()
    const last = given.slice(20)
    t.ok(last.includes(read.image.data), 'given back, it is written again')
    t.ok(
      last.every((memory, i) => memory !== last[i - 1]),
      'never twice at a time',
    )
    const before = given.slice(0, 20)
    t.ok(
      last.every((memory) => before.includes(memory)),
      'and nothing new is taken',
    )
    t.equal(next.image.data[0], 19, 'what the reader still holds stays as it was')
    go()
    await camera.stop()
  },
)

t.test('a source that ends stops or plays again; an empty one is a fault', async (t) => {
  const { clock, sleeps } = createTestClock()
  const once: CaptureSession = async (sink) => {
    sink.put(picture())
    await turn()
    return { kind: 'ended' }
  }
  const camera = createRetryingCamera({ description: 'x', session: once, clock, atEnd: 'stop' })
  camera.start()
  t.ok(await camera.nextFrame(never))
  t.equal(await camera.nextFrame(never), undefined)
  t.equal(camera.state.name, 'stopped')

  const empty = createRetryingCamera({
    description: 'an empty clip',
    session: () => Promise.resolve({ kind: 'ended' }),
    clock,
    atEnd: 'again',
  })
  empty.start()
  while (sleeps.length === 0) await turn()
  t.match(empty.state, { name: 'degraded', cause: 'an empty clip holds no picture' })
  await empty.stop()
})

t.test('stopping ends waits and may be repeated, started or not', async (t) => {
  const { clock } = createTestClock()
  const session: CaptureSession = (_sink, signal) => untilAborted(signal)
  const camera = createRetryingCamera({ description: 'x', session, clock, atEnd: 'again' })
  camera.start()
  const wait = camera.nextFrame(never)
  await Promise.all([camera.stop(), camera.stop()])
  t.equal(await wait, undefined)
  t.equal(camera.state.name, 'stopped')

  const unused = createRetryingCamera({ description: 'x', session, clock, atEnd: 'again' })
  await unused.stop()
  unused.start()
  t.equal(await unused.nextFrame(never), undefined)
})
