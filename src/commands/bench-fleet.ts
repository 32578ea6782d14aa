import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { benchNewKiosk } from '../bench/fleet/new-kiosk.js'
import type { IdleRound, NewKiosk } from '../bench/fleet/new-kiosk.js'
import { postgresPrograms, startPostgresServer } from '../bench/fleet/postgres-server.js'
import { benchSpread } from '../bench/fleet/spread.js'
import type { Spread } from '../bench/fleet/spread.js'
import { CommandError } from './command-error.js'

export interface BenchFleetOptions {
  readonly persons: string
  readonly replicas: string
  readonly processes: string
  readonly rounds: string
  readonly json?: boolean
}

function wholeNumber(text: string, name: string, max: number): number {
  const value = Number(text)
  if (Number.isInteger(value) && value >= 0 && value <= max) return value
  throw new CommandError('bad-input', `--${name} is a whole number up to ${max}`)
}

function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN
}

function summarise({ what, rounds, latenciesMs, replicasCpuSeconds }: Spread) {
  const sorted = [...latenciesMs].sort((a, b) => a - b)
  return {
    what,
    rounds,
    count: sorted.length,
    missing: sorted.filter((ms) => !Number.isFinite(ms)).length,
    p50Ms: Math.round(quantile(sorted, 0.5)),
    p99Ms: Math.round(quantile(sorted, 0.99)),
    maxMs: Math.round(sorted.at(-1) ?? Number.NaN),
    replicasCpuSeconds: Number(replicasCpuSeconds.toFixed(2)),
  }
}

const describeIdle = ({ medianMs, cpuMs, pages }: IdleRound) =>
  `${medianMs.toFixed(2)} ms (${cpuMs.toFixed(2)} ms of a core here, ${pages.toFixed(1)} pages at the server)`

function describeKiosk(kiosk: NewKiosk): string {
  const { persons, seconds, cpuSeconds, longestTurnMs, idleEmpty, idleFull } = kiosk
  return (
    `${persons} persons to a new kiosk: ${seconds.toFixed(1)} s (${cpuSeconds.toFixed(1)} s of a core), longest turn of its event loop ` +
    `${longestTurnMs.toFixed(0)} ms; a round with nothing new takes ${describeIdle(idleEmpty)} ` +
    `with nobody in the record, ${describeIdle(idleFull)} ` +
    `with them`
  )
}

/** `genkan bench-fleet`: a fleet on a PostgreSQL and a Mosquitto of its own. */
export async function benchFleet(options: BenchFleetOptions): Promise<void> {
  const programs = postgresPrograms()
  if (programs === undefined) {
    throw new CommandError('fault', 'PostgreSQL is not installed (apt-get install postgresql)')
  }
  const persons = wholeNumber(options.persons, 'persons', 1_000_000)
  const replicas = wholeNumber(options.replicas, 'replicas', 2000)
  const processes = Math.max(1, wholeNumber(options.processes, 'processes', 64))
  const rounds = Math.max(1, wholeNumber(options.rounds, 'rounds', 1000))
  const onProgress = (line: string) => void process.stderr.write(`${line}\n`)
  const folder = mkdtempSync(join(tmpdir(), 'genkan-bench-fleet-'))
  const settings = { max_connections: String(replicas + 20) }

  async function onServer<Result>(
    action: (server: Awaited<ReturnType<typeof startPostgresServer>>) => Promise<Result>,
  ): Promise<Result> {
    const server = await startPostgresServer(programs ?? '', settings)
    try {
      return await action(server)
    } finally {
      await server.remove()
    }
  }

  try {
    const kiosk =
      persons === 0
        ? undefined
        : await onServer((server) => benchNewKiosk(server, folder, persons, onProgress))
    const spreads =
      replicas === 0
        ? []
        : await onServer((server) =>
            benchSpread(server, folder, {
              replicas,
              processes,
              rounds,
              persons: 100,
              onProgress,
            }),
          )
    const rows = spreads.map(summarise)
    if (options.json === true) {
      process.stdout.write(`${JSON.stringify({ kiosk, spreads: rows })}\n`)
      return
    }
    if (kiosk !== undefined) process.stdout.write(`${describeKiosk(kiosk)}\n`)
    for (const row of rows) {
      process.stdout.write(
        `one ${row.what} to ${replicas} replicas, ${row.rounds} rounds: p50 ${row.p50Ms} ms, ` +
          `p99 ${row.p99Ms} ms, last ${row.maxMs} ms, ${row.missing} of ${row.count} not in time; ` +
          `all replicas together used ${row.replicasCpuSeconds.toFixed(1)} s of a core a round\n`,
      )
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
