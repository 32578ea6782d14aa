import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as ort from 'onnxruntime-node'
import { z } from 'zod'
import { sessionOptions } from '../session-options.js'

/** Time that all nodes of one operator take together in one run. */
export interface OperatorTime {
  readonly operator: string
  readonly nodes: number
  readonly ms: number
}

/** Single-thread latency of one model among others, measured in turns. */
export interface Latency {
  readonly name: string
  readonly bytes: number
  readonly medianMs: number
  readonly p10Ms: number
}

const eventsSchema = z.array(
  z.looseObject({
    name: z.string(),
    dur: z.number().default(0),
    args: z.looseObject({ op_name: z.string().optional() }).optional(),
  }),
)

async function runAll(
  session: ort.InferenceSession,
  inputs: readonly Float32Array[],
  dims: readonly number[],
): Promise<void> {
  const [name] = session.inputNames
  for (const input of inputs) await session.run({ [name]: new ort.Tensor('float32', input, dims) })
}

/** What each operator of the optimised graph takes, most first, in milliseconds a run. */
export async function profileOperators(
  model: Uint8Array,
  inputs: readonly Float32Array[],
  dims: readonly number[],
): Promise<OperatorTime[]> {
  const folder = mkdtempSync(join(tmpdir(), 'genkan-profile-'))
  try {
    const session = await ort.InferenceSession.create(model, {
      ...sessionOptions(),
      enableProfiling: true,
      profileFilePrefix: join(folder, 'run'),
    })
    await runAll(session, inputs, dims)
    session.endProfiling()
    await session.release()
    const [file] = readdirSync(folder)
    const events = eventsSchema.parse(JSON.parse(readFileSync(join(folder, file), 'utf8')))
    const totals = new Map<string, { micros: number; calls: number }>()
    for (const { name, dur, args } of events) {
      const operator = args?.op_name
      if (operator === undefined || !name.endsWith('kernel_time')) continue
      const total = totals.get(operator) ?? { micros: 0, calls: 0 }
      totals.set(operator, { micros: total.micros + dur, calls: total.calls + 1 })
    }
    return [...totals]
      .map(([operator, { micros, calls }]) => ({
        operator,
        nodes: calls / inputs.length,
        ms: micros / 1000 / inputs.length,
      }))
      .sort((a, b) => b.ms - a.ms)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/**
 * Runs models in turns, so that whatever else the machine does falls on all of them alike.
 * @param rounds how often each runs over every input
 */
export async function compareLatency(
  models: ReadonlyMap<string, Uint8Array>,
  inputs: readonly Float32Array[],
  dims: readonly number[],
  rounds: number,
): Promise<Latency[]> {
  const entries: { name: string; bytes: number; session: ort.InferenceSession; ms: number[] }[] = []
  for (const [name, model] of models) {
    const session = await ort.InferenceSession.create(model, sessionOptions())
    await runAll(session, inputs.slice(0, 3), dims)
    entries.push({ name, bytes: model.length, session, ms: [] })
  }
  for (let round = 0; round < rounds; round++) {
    for (const input of inputs) {
      for (const { session, ms } of entries) {
        const startedAt = performance.now()
        await runAll(session, [input], dims)
        ms.push(performance.now() - startedAt)
      }
    }
  }
  for (const { session } of entries) await session.release()
  return entries.map(({ name, bytes, ms }) => {
    ms.sort((a, b) => a - b)
    const at = (share: number) => ms[Math.floor(share * ms.length)]
    return { name, bytes, medianMs: at(0.5), p10Ms: at(0.1) }
  })
}
