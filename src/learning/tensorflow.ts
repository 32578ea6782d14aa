import * as core from '@tensorflow/tfjs-core'
import '@tensorflow/tfjs-backend-cpu'
// Registers the gradient of every operator, which the core leaves out.
import '@tensorflow/tfjs-layers'

/** TensorFlow.js with a backend chosen. */
export type TensorFlow = typeof core

/** What computes: the native library of tfjs-node, or plain JavaScript. */
export type Backend = 'tensorflow' | 'cpu'

export interface TensorFlowRuntime {
  readonly tf: TensorFlow
  readonly backend: Backend
}

/** By another name, because the package is optional and may not be there to be looked at. */
const NATIVE_PACKAGE: string = '@tensorflow/tfjs-node'

/**
 * TensorFlow.js on tfjs-node where that is installed and its library loads, else on the CPU backend:
 * the same operators, and weights that are the same for one seed on one backend.
 * @param wanted `cpu` passes tfjs-node over
 */
export async function loadTensorFlow(wanted?: 'cpu'): Promise<TensorFlowRuntime> {
  core.enableProdMode()
  const backend: Backend = wanted !== 'cpu' && (await loadsNative()) ? 'tensorflow' : 'cpu'
  if (backend === 'cpu') await core.setBackend(backend)
  await core.ready()
  return { tf: core, backend }
}

async function loadsNative(): Promise<boolean> {
  try {
    await import(NATIVE_PACKAGE)
    return await core.setBackend('tensorflow')
  } catch {
    return false
  }
}
