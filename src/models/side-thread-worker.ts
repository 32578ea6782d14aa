import { parentPort, workerData } from 'node:worker_threads'
import { ModelError, describeCause } from './error.js'
import type { Role } from './manifest.js'
import { loadNet, type Net } from './session.js'
import type { Room, SideAnswer, SideRequest, SideThreadData } from './side-thread.js'
import { createTurn } from './side-thread-turn.js'

/** The far end of {@link openSideThread}: loads nets and runs them, one request at a time. */

const nets = new Map<Role, Net<Role>>()
const turn = createTurn((workerData as SideThreadData).turn)
const rooms = new Map<number, Room>()
/** Inputs of this thread's own, by room: onnxruntime takes no shared memory. */
const inputs = new Map<number, Float32Array>()

async function runIn(roomId: number, net: Net<Role>): Promise<void> {
  const room = rooms.get(roomId)
  if (room === undefined) throw new TypeError(`no room ${roomId} was opened`)
  const input = inputs.get(roomId) ?? new Float32Array(room.input.length)
  inputs.set(roomId, input)
  input.set(room.input)
  const made = Object.entries<Float32Array>(await net.run(input))
  for (const [key, values] of made) room.outputs[key].set(values)
}

async function serve(request: SideRequest): Promise<SideAnswer> {
  const { id, role } = request
  try {
    if (request.kind === 'load') {
      const net = await loadNet(role, request.options)
      nets.set(role, net)
      const { manifest, manifestPath, modelPath, sha256, providers, warmUpMs } = net
      const loaded = { manifest, manifestPath, modelPath, sha256, providers, warmUpMs }
      return { id, kind: 'loaded', net: loaded }
    }
    const net = nets.get(role)
    if (net === undefined) throw new TypeError(`no net for ${role} was loaded`)
    if (request.room !== undefined) rooms.set(request.roomId, request.room)
    await runIn(request.roomId, net)
    return { id, kind: 'ran' }
  } catch (error) {
    if (error instanceof ModelError) {
      const { code, what, where, cure } = error
      return { id, kind: 'failed', fault: { code, what, where, cure } }
    }
    const fault = { what: describeCause(error), where: role, cure: 'restart the daemon' }
    return { id, kind: 'failed', fault: { code: 'run-failed', ...fault } }
  }
}

parentPort?.on('message', (request: SideRequest) => {
  void turn
    .take(() => serve(request))
    .then((answer) => {
      parentPort?.postMessage(answer)
    })
})
