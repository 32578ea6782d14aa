import { readFileSync } from 'node:fs'
import { measureMachinePeak, type MachinePeak } from '../bench/machine-peak.js'
import { alignFace } from '../detection/align.js'
import type { Face } from '../detection/face.js'
import { readPicture } from '../evaluation/labelled-pictures.js'
import type { Image } from '../frame/image.js'
import { letterbox } from '../frame/resize.js'
import { toPlanarTensor } from '../frame/tensor.js'
import { cropSquare } from '../frame/warp.js'
import { textureSquare } from '../liveness/texture.js'
import { floatForms } from '../models/float-forms.js'
import type { Manifest } from '../models/manifest.js'
import { compareLatency, profileOperators, type OperatorTime } from '../models/quantize/profile.js'
import { assetPath } from '../models/registry.js'
import { loadStages } from '../stages.js'
import { operatorTable } from './operator-table.js'
import { loadSetup } from './setup.js'
import type { SetupOptions } from './setup.js'

export interface BenchNetsOptions extends SetupOptions {
  readonly rounds: string
  readonly json?: boolean
}

/** Photographs with 22 faces that every installation has. */
const PICTURES = [1, 2, 3, 4, 5, 6].map((number) => `sample${number}.jpg`)
const INPUTS = 10

/**
 * `genkan bench-nets`: the nets in use beside the package's own, its exact float rewrite, and the
 * float net that an int8 net was made from: in turns, one thread, with the time of each operator.
 */
export async function benchNets(options: BenchNetsOptions): Promise<void> {
  const { models } = loadSetup(options)
  const { finder, nets } = await loadStages(models)
  const pictures: { image: Image; face: Face }[] = []
  for (const name of PICTURES) {
    const image = await readPicture(assetPath(name))
    for (const face of image === undefined ? [] : await finder.find(image)) {
      if (image !== undefined) pictures.push({ image, face })
    }
  }
  const inputsOf = (make: (image: Image, face: Face) => Float32Array) =>
    pictures.slice(0, INPUTS).map(({ image, face }) => make(image, face))
  const { encoder, detector, texture } = nets
  const rows = [
    await benchNet(
      encoder,
      options,
      inputsOf((image, { fivePoints }) => {
        const { input } = encoder.manifest
        return toPlanarTensor(
          alignFace(image, fivePoints, input.fit.template, input.shape[3]),
          input,
        )
      }),
    ),
    await benchNet(
      texture,
      options,
      inputsOf((image, { box }) => {
        const { input } = texture.manifest
        const square = textureSquare(image, box, input.fit.scale)
        return toPlanarTensor(cropSquare(image, square, input.shape[3]), input)
      }),
    ),
    await benchNet(
      detector,
      options,
      inputsOf((image) => {
        const { input } = detector.manifest
        return toPlanarTensor(letterbox(image, input.shape[3], input.shape[2]).image, input)
      }),
    ),
  ]
  const peak = await measureMachinePeak()
  const floors = [
    ...rows.map(({ id, latency, operators, multiplyAdds }) =>
      floorOf(id, latency[latency.length - 1].medianMs, operators, multiplyAdds, peak),
    ),
    ...(await Promise.all(
      [nets.landmarks, nets.eyes].map(async ({ manifest, modelPath }) => {
        const { id, input } = manifest
        const data = readFileSync(modelPath)
        const gray = Array.from({ length: INPUTS }, () =>
          new Float32Array(input.shape.reduce((size, side) => size * side, 1)).fill(0.5),
        )
        const models = new Map([[id, data]])
        const [{ medianMs }] = await compareLatency(
          models,
          gray,
          input.shape,
          Number(options.rounds),
        )
        const operators = await profileOperators(data, gray, input.shape)
        return floorOf(id, medianMs, operators, multiplyAddsOf(operators), peak)
      }),
    )),
  ]
  process.stdout.write(
    options.json === true
      ? `${JSON.stringify({ nets: rows, peak, floors })}\n`
      : `${rows.map(describe).join('\n')}\n${describeFloors(floors, peak)}`,
  )
}

/** What a net costs beside what this machine could do at best. */
interface Floor {
  readonly id: string
  readonly multiplyAdds: number
  readonly bytes: number
  readonly ms: number
  /** Multiply-adds at the peak of 8 bits, and of floats. */
  readonly int8Ms: number
  readonly floatMs: number
  /** Weights, inputs and outputs at the memory's rate, as if no cache held any. */
  readonly memoryMs: number
}

function multiplyAddsOf(operators: readonly OperatorTime[]): number {
  return operators.reduce((total, operator) => total + operator.multiplyAdds, 0)
}

function floorOf(
  id: string,
  ms: number,
  operators: readonly OperatorTime[],
  multiplyAdds: number,
  peak: MachinePeak,
): Floor {
  const bytes = operators.reduce((total, operator) => total + operator.bytes, 0)
  return {
    id,
    multiplyAdds,
    bytes,
    ms,
    int8Ms: (1000 * multiplyAdds) / peak.int8PerSecond,
    floatMs: (1000 * multiplyAdds) / peak.floatPerSecond,
    memoryMs: (1000 * bytes) / peak.bytesPerSecond,
  }
}

function describeFloors(floors: readonly Floor[], peak: MachinePeak): string {
  const giga = (value: number) => (value / 1e9).toFixed(1)
  return [
    `one core: ${giga(peak.int8PerSecond)} G multiply-adds/s in 8 bits, ${giga(peak.floatPerSecond)} in ` +
      `floats (products of matrices), ${giga(peak.bytesPerSecond)} GB/s (a copy)`,
    `${'a run'.padEnd(30)}M mul-adds      MB  takes ms  8 bits ms  floats ms  memory ms`,
    ...floors.map(
      ({ id, multiplyAdds, bytes, ms, int8Ms, floatMs, memoryMs }) =>
        `${id.padEnd(30)}${(multiplyAdds / 1e6).toFixed(1).padStart(10)}${(bytes / 1e6).toFixed(1).padStart(8)}` +
        `${ms.toFixed(2).padStart(10)}${int8Ms.toFixed(2).padStart(11)}${floatMs.toFixed(2).padStart(11)}${memoryMs.toFixed(2).padStart(11)}`,
    ),
    '',
  ].join('\n')
}

type NetBench = Awaited<ReturnType<typeof benchNet>>

async function benchNet(
  net: { readonly manifest: Manifest; readonly modelPath: string },
  { rounds }: BenchNetsOptions,
  inputs: readonly Float32Array[],
) {
  const { id, input } = net.manifest
  const data = readFileSync(net.modelPath)
  const forms = floatForms(net.manifest)
  const latency = await compareLatency(
    new Map([...forms, [id, data]]),
    inputs,
    input.shape,
    Number(rounds),
  )
  const float = [...forms.values()].at(-1) ?? data
  return {
    id,
    latency,
    /** As the float net of the same shape tells them. */
    multiplyAdds: multiplyAddsOf(await profileOperators(float, inputs, input.shape)),
    operatorsBefore: await profileOperators(forms.get('package') ?? data, inputs, input.shape),
    operators: await profileOperators(data, inputs, input.shape),
  }
}

function describe({ id, latency, operatorsBefore, operators }: NetBench): string {
  const own = latency[latency.length - 1]
  const ratio = (ms: number, ownMs: number) => (ms / ownMs).toFixed(2).padStart(8)
  return [
    `${id}, one thread, in turns`,
    `${'form'.padEnd(34)}      kB  median ms   p10 ms  ratio of medians, of p10`,
    ...latency.map(
      ({ name, bytes, medianMs, p10Ms }) =>
        `${name.padEnd(34)}${(bytes / 1000).toFixed(0).padStart(8)}${medianMs.toFixed(2).padStart(11)}${p10Ms.toFixed(2).padStart(9)}${ratio(medianMs, own.medianMs)}${ratio(p10Ms, own.p10Ms)}`,
    ),
    '',
    `${'ms a run (nodes)'.padEnd(24)}${'package'.padStart(14)}${'in use'.padStart(14)}`,
    ...operatorTable(operatorsBefore, operators),
    '',
  ].join('\n')
}
