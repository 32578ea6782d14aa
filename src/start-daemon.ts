import type { Daemon, DaemonOptions } from './daemon.js'
import { openEyes } from './eyes.js'
import type { EyesOptions } from './eyes.js'

/**
 * Opens the door's eyes, then everything behind them while the camera comes up.
 * @throws StoreError, ModelError, BrokerFault or Error, each with its cure, before any door can open
 */
export async function startDaemon(
  options: DaemonOptions & Pick<EyesOptions, 'playlist'>,
): Promise<Daemon> {
  const eyes = await openEyes(options)
  try {
    const { openDaemon } = await import('./daemon.js')
    return await openDaemon(options, eyes)
  } catch (error) {
    await eyes.camera.stop()
    throw error
  }
}
