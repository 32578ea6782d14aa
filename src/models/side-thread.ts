import { Worker } from 'node:worker_threads'
import { ModelError, describeCause, type ModelFault } from './error.js'
import type { OutputSpec, Role } from './manifest.js'
import type { Net, NetOptions, NetOutputs } from './session.js'
import { createTurn, type Turn } from './side-thread-turn.js'

/**
 * A thread beside the caller's, with nets of its own. onnxruntime runs a net on the thread that asks
 * for it; here two nets run at the same time, and the caller goes on meanwhile.
 */
export interface SideThread {
  /** As `loadNet` does, but the net runs in the side thread. @throws ModelError */
  load<R extends Role>(role: R, options?: NetOptions): Promise<Net<R>>
  /** Ends the thread; nets of it must not be run after. */
  close(): Promise<void>
}

/** What the thread tells of a net. */
type LoadedNet = Pick<
  Net<Role>,
  'manifest' | 'manifestPath' | 'modelPath' | 'sha256' | 'providers' | 'warmUpMs'
>

type Shared = Float32Array<SharedArrayBuffer>

/**
 * Memory that both threads see, for one run at a time: what went by message would have to be collected
 * again, in pauses that frames wait for.
 */
export interface Room {
  readonly input: Shared
  readonly outputs: Readonly<Record<string, Shared>>
}

export type SideRequest =
  | {
      readonly id: number
      readonly kind: 'load'
      readonly role: Role
      readonly options: NetOptions
    }
  | {
      readonly id: number
      readonly kind: 'run'
      readonly role: Role
      readonly roomId: number
      /** With its first run. */
      readonly room?: Room
    }

export type SideAnswer =
  | { readonly id: number; readonly kind: 'loaded'; readonly net: LoadedNet }
  | { readonly id: number; readonly kind: 'ran' }
  | { readonly id: number; readonly kind: 'failed'; readonly fault: ModelFault }

/** What the thread is started with. */
export interface SideThreadData {
  readonly turn: Turn['shared']
}

interface Waiting {
  readonly resolve: (answer: SideAnswer) => void
  readonly reject: (error: Error) => void
}

/** The thread keeps little: its youngest heap need not grow as large as the daemon's. */
const RESOURCE_LIMITS = { maxYoungGenerationSizeMb: 4 }

function grey({ input }: LoadedNet['manifest']): Float32Array {
  const values = new Float32Array(sizeOf(input))
  const plane = values.length / input.mean.length
  input.mean.forEach((mean, channel) =>
    values.fill((127 - mean) / input.divisor, channel * plane, (channel + 1) * plane),
  )
  return values
}

function sizeOf({ shape }: { readonly shape: readonly number[] }): number {
  return shape.reduce((product, dimension) => product * dimension, 1)
}

/** @param inputLength of one picture or of several, one after the other */
function makeRoom({ input, outputs }: LoadedNet['manifest'], inputLength: number): Room {
  const count = inputLength / sizeOf(input)
  const share = (length: number) => new Float32Array(new SharedArrayBuffer(4 * length))
  const specs = Object.entries<OutputSpec | undefined>(outputs)
  return {
    input: share(inputLength),
    outputs: Object.fromEntries(
      specs.flatMap(([key, spec]) =>
        spec === undefined ? [] : [[key, share(Math.ceil(count * sizeOf(spec)))]],
      ),
    ),
  }
}

/** A side thread where the configuration wants one. */
export function sideThreadOf(config: { readonly sideThread: boolean }): SideThread | undefined {
  return config.sideThread ? openSideThread() : undefined
}

/** Starts the thread; it does not keep the process alive while nothing is asked of it. */
export function openSideThread(): SideThread {
  const turn = createTurn()
  const workerData: SideThreadData = { turn: turn.shared }
  const worker = new Worker(new URL('./side-thread-worker.js', import.meta.url), {
    resourceLimits: RESOURCE_LIMITS,
    workerData,
  })
  worker.unref()
  process.once('exit', turn.stop)
  const waiting = new Map<number, Waiting>()
  let lastId = 0
  let lastRoomId = 0
  let ended: string | undefined

  let isClosing = false
  const rest = () => {
    if (!isClosing) worker.unref()
  }
  const fault = (where: string) =>
    new ModelError({
      code: 'run-failed',
      what: `the thread that runs it has ended (${ended ?? 'closed'})`,
      where,
      cure: 'restart the daemon; if it stays, set models.sideThread to false',
    })
  const end = (why: string) => {
    ended ??= why
    for (const { reject } of waiting.values()) reject(fault('side thread'))
    waiting.clear()
    rest()
    process.off('exit', turn.stop)
  }
  worker.on('error', (error) => {
    end(describeCause(error))
  })
  worker.on('exit', (code) => {
    end(`exit code ${code}`)
  })
  worker.on('message', (answer: SideAnswer) => {
    const one = waiting.get(answer.id)
    waiting.delete(answer.id)
    if (waiting.size === 0) rest()
    if (answer.kind === 'failed') one?.reject(new ModelError(answer.fault))
    else one?.resolve(answer)
  })

  function ask(request: (id: number) => SideRequest, where: string): Promise<SideAnswer> {
    if (ended !== undefined) return Promise.reject(fault(where))
    return new Promise((resolve, reject) => {
      const id = ++lastId
      waiting.set(id, { resolve, reject })
      worker.ref()
      worker.postMessage(request(id))
    })
  }

  return {
    async load<R extends Role>(role: R, options: NetOptions = {}): Promise<Net<R>> {
      const answer = await ask((id) => ({ id, kind: 'load', role, options }), role)
      if (answer.kind !== 'loaded') throw fault(role)
      const { net } = answer
      const { id: where } = net.manifest
      /** Rooms that no run is in, by length of the input. */
      const idle = new Map<number, { readonly roomId: number; readonly room: Room }[]>()
      const run = async (input: Float32Array): Promise<NetOutputs<R>> => {
        const known = idle.get(input.length) ?? []
        idle.set(input.length, known)
        const left = known.pop()
        const { roomId, room } = left ?? {
          roomId: ++lastRoomId,
          room: makeRoom(net.manifest, input.length),
        }
        room.input.set(input)
        try {
          const ran = await ask(
            (id) => ({ id, kind: 'run', role, roomId, ...(left === undefined ? { room } : {}) }),
            where,
          )
          if (ran.kind !== 'ran') throw fault(where)
          const outputs = Object.entries(room.outputs).map(([key, values]) => [
            key,
            new Float32Array(values),
          ])
          // The far end ran the net of this very role.
          return Object.fromEntries(outputs) as NetOutputs<R>
        } finally {
          known.push({ roomId, room })
        }
      }
      const values = grey(net.manifest)
      return {
        ...(net as LoadedNet & Pick<Net<R>, 'manifest'>),
        run,
        async warm() {
          const startMs = performance.now()
          await run(values)
          return performance.now() - startMs
        },
        release: () => Promise.resolve(),
      }
    },
    async close() {
      isClosing = true
      worker.ref()
      turn.stop()
      end('closed')
      await worker.terminate()
    },
  }
}
