import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { robustSlopeOf } from '../evaluation/quantiles.js'
import { CommandError } from './command-error.js'

export interface SoakOptions {
  readonly minutes: string
  readonly json?: boolean
}

const SAMPLE_MS = 2000
/** Share of the run that counts as warm-up: caches fill, the allocator finds its level. */
const WARM_UP_SHARE = 0.5
/** All pairs are compared, so that a long run is thinned to this many samples. */
const MAX_SLOPE_POINTS = 1000
const MAIN = fileURLToPath(new URL('../main.js', import.meta.url))

/** `npm run soak`: the real daemon on its replay, for a while; memory and a clean end are watched. */
export async function soak(options: SoakOptions): Promise<void> {
  const minutes = Number(options.minutes)
  if (!(minutes > 0 && minutes <= 7 * 24 * 60)) {
    throw new CommandError('bad-input', '--minutes must be more than 0')
  }
  const folder = mkdtempSync(join(tmpdir(), 'genkan-soak-'))
  const daemon = spawn(process.execPath, [MAIN], {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'pipe'],
    env: {
      ...process.env,
      GENKAN_ADMIN_PORT: '0',
      GENKAN_MQTT_EMBEDDED_PORT: '0',
      GENKAN_STORE_FOLDER: join(folder, 'data'),
    },
  })
  try {
    const { decisions, lastError } = watchLog(daemon)
    const samples: { readonly x: number; readonly y: number }[] = []
    const startMs = performance.now()
    const endMs = startMs + minutes * 60_000
    while (performance.now() < endMs) {
      await new Promise((resolve) => setTimeout(resolve, SAMPLE_MS))
      if (daemon.exitCode !== null) {
        throw new CommandError('fault', `the daemon ended by itself: ${lastError()}`)
      }
      samples.push({ x: (performance.now() - startMs) / 3_600_000, y: rssMb(daemon.pid) })
    }
    const exitCode = await stop(daemon)
    const warm = samples.filter(({ x }) => x * 60 >= minutes * WARM_UP_SHARE)
    const report = {
      minutes,
      decisions: decisions(),
      rssMb: Math.round(warm.at(-1)?.y ?? 0),
      rssMaxMb: Math.round(Math.max(...samples.map(({ y }) => y))),
      rssByMinuteMb: byMinute(samples),
      rssSlopeMbPerHour: Number(robustSlopeOf(thinned(warm)).toFixed(2)),
      exitCode,
    }
    process.stdout.write(
      options.json === true
        ? `${JSON.stringify(report)}\n`
        : `${minutes} min, ${report.decisions} decisions, RSS ${report.rssMb} MB at the end, ` +
            `${report.rssMaxMb} MB at most, slope of the second half (Theil-Sen) ${report.rssSlopeMbPerHour} MB/h, exit code ${exitCode}\n`,
    )
  } finally {
    daemon.kill('SIGKILL')
    rmSync(folder, { recursive: true, force: true })
  }
}

function watchLog(daemon: ChildProcess) {
  let decisions = 0
  let lastLine = ''
  daemon.stderr?.setEncoding('utf8').on('data', (text: string) => {
    for (const line of text.split('\n')) {
      if (line.includes('"msg":"decision"')) decisions++
      if (line !== '') lastLine = line
    }
  })
  return { decisions: () => decisions, lastError: () => lastLine.slice(0, 500) }
}

/** Every n-th sample, so that few enough are left to compare each with each. */
function thinned<Sample>(samples: readonly Sample[]): Sample[] {
  const step = Math.ceil(samples.length / MAX_SLOPE_POINTS)
  return samples.filter((_, index) => index % step === 0)
}

/** The last sample of each minute. */
function byMinute(samples: readonly { readonly x: number; readonly y: number }[]): number[] {
  const lasts: number[] = []
  for (const { x, y } of samples) lasts[Math.floor(x * 60)] = Math.round(y)
  return lasts
}

/** Resident memory from the kernel's own account. */
function rssMb(pid: number | undefined): number {
  const status = readFileSync(`/proc/${pid ?? 'self'}/status`, 'utf8')
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? Number.NaN) / 1024
}

function stop(daemon: ChildProcess): Promise<number | null> {
  return new Promise((resolve) => {
    daemon.once('exit', resolve)
    daemon.kill('SIGINT')
  })
}
