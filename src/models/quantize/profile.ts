import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as ort from '../onnxruntime.js'
import { z } from 'zod'
import { sessionOptions } from '../session-options.js'

/** Time that all nodes of one operator take together in one run. */
export interface OperatorTime {
  readonly operator: string
  readonly nodes: number
  readonly ms: number
  /**
   * Of convolutions and matrix products, in one run; those in 8 bits are not told, since the runtime hides
   * their weights.
   */
  readonly multiplyAdds: number
  /** Weights, inputs and outputs, in one run. */
  readonly bytes: number
}

/** Single-thread latency of one model among others, measured in turns. */
export interface Latency {
  readonly name: string
  readonly bytes: number
  readonly medianMs: number
  readonly p10Ms: number
}

const shapesSchema = z.array(z.record(z.string(), z.array(z.number()))).default([])
const sizeSchema = z.coerce.number().default(0)
const eventsSchema = z.array(
  z.looseObject({
    name: z.string(),
    dur: z.number().default(0),
    args: z
      .looseObject({
        op_name: z.string().optional(),
        input_type_shape: shapesSchema,
        output_type_shape: shapesSchema,
        parameter_size: sizeSchema,
        activation_size: sizeSchema,
        output_size: sizeSchema,
      })
      .optional(),
  }),
)
type NodeArguments = NonNullable<z.infer<typeof eventsSchema>[number]['args']>

/** Their second input holds the weights. */
const WITH_WEIGHTS = new Set(['Conv', 'FusedConv', 'ConvTranspose', 'Gemm', 'FusedGemm', 'MatMul'])

function multiplyAddsOf({ op_name: operator = '', ...shapes }: NodeArguments): number {
  const size = (dims: readonly number[]) => dims.reduce((product, side) => product * side, 1)
  const dimsAt = (list: z.infer<typeof shapesSchema>, at: number) =>
    Object.values(list.at(at) ?? {}).at(0)
  if (!WITH_WEIGHTS.has(operator)) return 0
  const weights = dimsAt(shapes.input_type_shape, 1)
  const output = dimsAt(shapes.output_type_shape, 0)
  if (weights === undefined || output === undefined) return 0
  const channels = operator.includes('Conv') ? weights[0] : (output.at(-1) ?? 1)
  return size(output) * (size(weights) / channels)
}

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
    const totals = new Map<string, { micros: number; calls: number; adds: number; bytes: number }>()
    for (const { name, dur, args } of events) {
      const operator = args?.op_name
      if (args === undefined || operator === undefined || !name.endsWith('kernel_time')) continue
      const total = totals.get(operator) ?? { micros: 0, calls: 0, adds: 0, bytes: 0 }
      const { parameter_size: parameters, activation_size: input, output_size: output } = args
      totals.set(operator, {
        micros: total.micros + dur,
        calls: total.calls + 1,
        adds: total.adds + multiplyAddsOf(args),
        bytes: total.bytes + parameters + input + output,
      })
    }
    return [...totals]
      .map(([operator, { micros, calls, adds, bytes }]) => ({
        operator,
        nodes: calls / inputs.length,
        ms: micros / 1000 / inputs.length,
        multiplyAdds: adds / inputs.length,
        bytes: bytes / inputs.length,
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
