import { parentPort, workerData } from 'node:worker_threads'
import { ModelError, describeCause } from './error.js'
import type { Role } from './manifest.js'
import { loadNet, type Net } from './session.js'
import type { SideAnswer, SideRequest, SideThreadData } from './side-thread.js'
import { createTurn } from './side-thread-turn.js'

/** The far end of {@link openSideThread}: loads nets and runs them, one request at a time. */

const nets = new Map<Role, Net<Role>>()
const turn = createTurn((workerData as SideThreadData).turn)

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
    const { input } = request
    return { id, kind: 'ran', input, outputs: await net.run(input) }
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
      parentPort?.postMessage(answer, 'input' in answer ? [answer.input.buffer] : [])
    })
})
