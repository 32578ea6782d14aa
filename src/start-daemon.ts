import type { Daemon, DaemonOptions } from './daemon.js'
import { openEyes } from './eyes.js'
import type { EyesOptions } from './eyes.js'
import { sideThreadOf } from './models/side-thread.js'

/**
 * Opens the door's eyes, then everything behind them while the camera comes up.
 * @throws StoreError, ModelError, BrokerFault or Error, each with its cure, before any door can open
 */
export async function startDaemon(
  options: DaemonOptions & Pick<EyesOptions, 'playlist' | 'findBinary'>,
): Promise<Daemon> {
  const eyes = await openEyes(options)
  // It gets itself ready on another core while this thread reads the rest of the daemon.
  const side = sideThreadOf(options.config.models)
  try {
    const { openDaemon } = await import('./daemon.js')
    return await openDaemon(options, eyes, side)
  } catch (error) {
    await eyes.camera.stop()
    await side?.close()
    throw error
  }
}
