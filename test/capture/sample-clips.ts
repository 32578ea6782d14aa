import { execFile } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { findFfmpeg } from '../../src/capture/find-ffmpeg.js'
import { packageRoot } from '../../src/config/paths.js'

export const system = await findFfmpeg({ allowBundled: false })
export const bundled = await findFfmpeg({ searchPath: '' })

export const noSystem = system ? false : 'the system has no ffmpeg'
export const noBundled = bundled ? false : 'the bundled ffmpeg does not run here'

const assets = join(packageRoot, 'models', '.cache', 'assets')
export const noAssets = existsSync(join(assets, 'franck.mp4'))
  ? false
  : `the clips are not in ${assets}; run npm run prepare`
export const assetPath = (name: string): string => join(assets, name)

const run = promisify(execFile)

/** Makes a clip of FFmpeg's moving test picture, 15 frames a second. */
export async function makeClip(path: string, size: string, seconds: number): Promise<string> {
  const binary = system ?? bundled
  if (!binary) throw new Error('no ffmpeg to make a clip with')
  const picture = `testsrc=size=${size}:rate=15:duration=${seconds}`
  const codec = ['-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p', '-g', '15']
  await run(binary.path, ['-v', 'error', '-y', '-f', 'lavfi', '-i', picture, ...codec, path])
  return path
}

/** Open descriptors of this process. */
export function openDescriptors(): number {
  return readdirSync('/proc/self/fd').length
}

/** Process ids of this process's children, zombies included. */
export function childPids(): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
        return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]) === process.pid
      } catch {
        return false
      }
    })
    .map(Number)
}
