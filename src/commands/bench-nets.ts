import { readFileSync } from 'node:fs'
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
import { compareLatency, profileOperators } from '../models/quantize/profile.js'
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
  process.stdout.write(
    options.json === true ? `${JSON.stringify(rows)}\n` : rows.map(describe).join('\n'),
  )
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
  return {
    id,
    latency,
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
