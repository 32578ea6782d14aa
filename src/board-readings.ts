import { readdirSync, readFileSync, statfsSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'

const ZONES = '/sys/class/thermal'
const HOTTEST_BELIEVED_C = 200

/**
 * The hottest thermal zone that Linux tells of, in °C; `null` where it tells of none.
 * @param folder of the zones
 */
export function readTemperature(folder = ZONES): number | null {
  let zones: string[]
  try {
    zones = readdirSync(folder).filter((name) => name.startsWith('thermal_zone'))
  } catch {
    return null
  }
  const readings = zones.flatMap((zone) => {
    try {
      const milli = Number(readFileSync(join(folder, zone, 'temp'), 'latin1').trim())
      const celsius = milli / 1000
      return Math.abs(celsius) < HOTTEST_BELIEVED_C && milli !== 0 ? [celsius] : []
    } catch {
      // A sensor that is switched off can't be read.
      return []
    }
  })
  return readings.length === 0 ? null : Math.max(...readings)
}

/** Bytes of a database with its log, and what is left on its disk. */
export function readStoreSize(path: string): { bytes: number; freeBytes: number } {
  const sizeOf = (file: string) => statSync(file, { throwIfNoEntry: false })?.size ?? 0
  const { bavail, bsize } = statfsSync(dirname(path))
  return { bytes: sizeOf(path) + sizeOf(`${path}-wal`), freeBytes: bavail * bsize }
}

/** What the board tells of itself. */
export interface BoardReadings {
  readonly temperatureC: number | null
  readonly residentMb: number
  readonly store: { readonly bytes: number; readonly freeBytes: number }
}

const FRESH_MS = 1000

/**
 * Reads the board at most once a second, however often it is asked: each reading waits for the kernel.
 * @param monotonicMs a clock that never leaps
 */
export function createBoardReadings(
  storePath: string,
  monotonicMs: () => number,
): () => BoardReadings {
  let newest: { readonly atMs: number; readonly readings: BoardReadings } | undefined
  return () => {
    const atMs = monotonicMs()
    if (newest === undefined || atMs - newest.atMs >= FRESH_MS) {
      const readings = {
        temperatureC: readTemperature(),
        residentMb: Math.round(process.memoryUsage.rss() / 2 ** 20),
        store: readStoreSize(storePath),
      }
      newest = { atMs, readings }
    }
    return newest.readings
  }
}
