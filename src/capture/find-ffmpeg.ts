import { execFile } from 'node:child_process'
import { access, constants } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { delimiter, isAbsolute, join } from 'node:path'
import { promisify } from 'node:util'

/** An FFmpeg program that runs on this machine. */
export interface FfmpegBinary {
  readonly path: string
  /** `bundled` is an old build from npm: good for local files and devices, not for networks. */
  readonly origin: 'system' | 'bundled'
  /** The version as the program says it. */
  readonly version: string
  /** Arguments that pass every decoded frame on as it comes, in this version's spelling. */
  readonly passEveryFrame: readonly string[]
}

export interface FindFfmpegOptions {
  /** Folders to search, as in the environment variable PATH. */
  readonly searchPath?: string
  /** Turn the fallback to the bundled program off. */
  readonly allowBundled?: boolean
}

const run = promisify(execFile)

async function isExecutable(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

async function describe(
  path: string,
  origin: FfmpegBinary['origin'],
): Promise<FfmpegBinary | undefined> {
  try {
    const { stdout } = await run(path, ['-hide_banner', '-version'], {
      timeout: 10_000,
      killSignal: 'SIGKILL',
      maxBuffer: 64 * 1024,
    })
    const version = /^ffmpeg version (\S+)/.exec(stdout)?.[1]
    if (version === undefined) {
      return undefined
    }
    const [, major = '0', minor = '0'] = /^n?(\d+)\.(\d+)/.exec(version) ?? []
    const year = Number(/2000-(\d{4})/.exec(stdout)?.[1] ?? 0)
    const isRelease = Number(major) > 0
    const hasFpsMode = isRelease ? Number(major) + Number(minor) / 100 >= 5.01 : year >= 2023
    const passEveryFrame = hasFpsMode ? ['-fps_mode', 'passthrough'] : ['-vsync', '0']
    return { path, origin, version, passEveryFrame }
  } catch {
    return undefined
  }
}

function bundledPath(): string | undefined {
  try {
    const bundled: unknown = createRequire(import.meta.url)('@ffmpeg-installer/ffmpeg')
    const path = (bundled as { path?: unknown }).path
    return typeof path === 'string' ? path : undefined
  } catch {
    return undefined
  }
}

/**
 * The FFmpeg to use: the system's where one is installed, else the one bundled with npm's packages.
 * A program that does not answer to `-version` is passed over.
 * @returns `undefined` where none runs
 */
export async function findFfmpeg(
  options: FindFfmpegOptions = {},
): Promise<FfmpegBinary | undefined> {
  const { searchPath = process.env['PATH'] ?? '', allowBundled = true } = options
  for (const folder of searchPath.split(delimiter).filter(isAbsolute)) {
    const path = join(folder, 'ffmpeg')
    const binary = (await isExecutable(path)) ? await describe(path, 'system') : undefined
    if (binary) {
      return binary
    }
  }
  const path = allowBundled ? bundledPath() : undefined
  return path === undefined ? undefined : describe(path, 'bundled')
}

/** Says which FFmpeg to use; `undefined` where none runs. */
export type FfmpegFinder = () => Promise<FfmpegBinary | undefined>

/** {@link findFfmpeg}, asked again only when the program it found has gone. */
export function createFfmpegFinder(options: FindFfmpegOptions = {}): FfmpegFinder {
  let asked: Promise<FfmpegBinary | undefined> | undefined
  return async () => {
    if (asked) {
      const found = await asked
      if (found && (await isExecutable(found.path))) {
        return found
      }
    }
    asked = findFfmpeg(options)
    return asked
  }
}
