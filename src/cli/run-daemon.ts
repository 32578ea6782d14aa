import { createFfmpegFinder } from '../capture/find-ffmpeg.js'
import type { RunOptions } from '../commands/run.js'

/**
 * `genkan run`. FFmpeg is asked for its version before anything else, and answers on another core while
 * this one loads the daemon: the camera is open the sooner.
 * @returns the exit code
 */
export async function runDaemon(options: RunOptions): Promise<number> {
  const findBinary = createFfmpegFinder()
  void findBinary()
  const { runCommand } = await import('../commands/run.js')
  return runCommand(options, findBinary)
}
