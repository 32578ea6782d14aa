import { alignFace } from '../../detection/align.js'
import { createFaceFinder } from '../../detection/find-faces.js'
import type { Image } from '../../frame/image.js'
import { resizeImage } from '../../frame/resize.js'
import { toPlanarTensor } from '../../frame/tensor.js'
import { readChecked } from '../../models/checked-file.js'
import { removeUnused } from '../../models/onnx/edit.js'
import { decodeModel } from '../../models/onnx/codec.js'
import { openRunner } from '../../models/onnx/infer.js'
import type { OnnxModel } from '../../models/onnx/model.js'
import { readManifest } from '../../models/registry.js'
import { loadNet } from '../../models/session.js'
import { StyleError } from '../engine.js'
import { keepStrongest, PATCH_COUNT, strongestPatches } from './find-patches.js'
import type { Patch } from './find-patches.js'
import { layersOf } from './layers.js'
import type { Layer } from './layers.js'

/** A net with its layers, not yet loaded into the runtime. */
export interface SeeableNet {
  readonly id: string
  /** Whether it is shown aligned faces rather than whole pictures. */
  readonly ofFaces: boolean
  readonly layers: readonly Layer[]
  readonly model: OnnxModel
}

/**
 * Reads the net of a manifest of role `style` or `encoder`.
 * @throws ModelError when the model is missing; StyleError for one of another role
 */
export function readSeeableNet(id: string): SeeableNet {
  const { manifest, modelPath } = readManifest(id)
  if (manifest.role !== 'style' && manifest.role !== 'encoder') {
    throw new StyleError(
      'bad-settings',
      `${id} is a model for ${manifest.role}; choose the style network or a face encoder`,
    )
  }
  const data = readChecked(modelPath, manifest.file, 'run `npm run prepare` to rebuild it')
  const model = decodeModel(data, modelPath)
  return {
    id: manifest.id,
    ofFaces: manifest.role === 'encoder',
    layers: layersOf(model.graph),
    model,
  }
}

/** The nets by id, with layers and counts of units. @throws ModelError when one is missing */
export function describeNetworks(ids: readonly string[]) {
  return ids.map((id) => {
    const { ofFaces, layers } = readSeeableNet(id)
    return {
      id,
      ofFaces,
      layers: layers.map(({ name, field }) => ({ name, units: field.channels })),
    }
  })
}

/** @throws StyleError when there is no such layer or unit */
export function layerOf(net: SeeableNet, name: string, unit: number): Layer {
  const layer = net.layers.find((known) => known.name === name || known.value === name)
  if (layer === undefined) {
    const known = net.layers.map((one) => one.name).join(', ')
    throw new StyleError('bad-settings', `${net.id} has no layer ${name}; choose one of ${known}`)
  }
  if (unit >= layer.field.channels) {
    throw new StyleError(
      'bad-settings',
      `layer ${name} of ${net.id} has units 0 to ${layer.field.channels - 1}, not ${unit}`,
    )
  }
  return layer
}

/** The middle square of a picture, at the side the net takes. */
function middleSquare(image: Image, side: number): Image {
  const scale = side / Math.min(image.width, image.height)
  const scaled = (length: number) => Math.max(side, Math.round(length * scale))
  const whole = resizeImage(image, scaled(image.width), scaled(image.height))
  const left = Math.floor((whole.width - side) / 2)
  const top = Math.floor((whole.height - side) / 2)
  const data = new Uint8Array(side * side * 3)
  for (let row = 0; row < side; row++) {
    const from = ((top + row) * whole.width + left) * 3
    data.set(whole.data.subarray(from, from + side * 3), row * side * 3)
  }
  return { width: side, height: side, data }
}

/** Cuts a picture into what the net is shown of it. */
async function openViewer(net: SeeableNet): Promise<(image: Image) => Promise<Image[]>> {
  const { manifest } = readManifest(net.id)
  const side = manifest.input.shape[3]
  if (manifest.role !== 'encoder') {
    return (image) => Promise.resolve([middleSquare(image, side)])
  }
  const { template } = manifest.input.fit
  const finder = createFaceFinder(await loadNet('detector'), await loadNet('landmarks'))
  return async (image) =>
    (await finder.find(image)).map(({ fivePoints }) => alignFace(image, fivePoints, template, side))
}

/** What was seen: the strongest patches, and how much was looked at. */
export interface Sight {
  readonly patches: readonly Patch[]
  readonly pictures: number
  /** Whole pictures or faces shown to the net. */
  readonly views: number
}

/**
 * The nine patches of many pictures that excite one unit most.
 * @param pictures decoded one by one, as they are asked for; `undefined` is passed over
 * @throws StyleError when layer or unit are not there, or nothing could be shown to the net
 */
export async function see(
  net: SeeableNet,
  layerName: string,
  unit: number,
  pictures: AsyncIterable<Image | undefined>,
): Promise<Sight> {
  const layer = layerOf(net, layerName, unit)
  const { manifest } = readManifest(net.id)
  const { graph } = net.model
  const input = { ...graph, outputs: [] }
  const viewsOf = await openViewer(net)
  const runner = await openRunner({ ...net.model, graph: onlyUpTo(input, layer) })
  let patches: Patch[] = []
  let number = 0
  let views = 0
  try {
    for await (const picture of pictures) {
      const index = number++
      if (picture === undefined) continue
      for (const view of await viewsOf(picture)) {
        views++
        const results = await runner.run(toPlanarTensor(view, manifest.input))
        const result = results.get(layer.value)
        if (result === undefined) throw new Error(`the net gave no ${layer.value}`)
        const [, , height, width] = result.dims
        const values = { width, height, values: result.values }
        const found = strongestPatches(values, layer.field, unit, view, index, PATCH_COUNT)
        patches = [...patches, ...found].sort((a, b) => b.activation - a.activation).slice(0, 200)
      }
    }
  } finally {
    await runner.release()
  }
  if (views === 0) {
    const what = net.ofFaces ? 'no face was found in the pictures' : 'there is no picture to show'
    throw new StyleError('bad-settings', `${what}; use other pictures`)
  }
  const mostOfOne = Math.ceil(PATCH_COUNT / Math.max(1, number)) + 1
  return { patches: keepStrongest(patches, mostOfOne), pictures: number, views }
}

/** The graph with the layer as its one output, and without what lies behind it. */
function onlyUpTo(graph: OnnxModel['graph'], layer: Layer): OnnxModel['graph'] {
  const dims = ['n', layer.field.channels, 'h', 'w']
  return removeUnused({
    ...graph,
    outputs: [{ name: layer.value, type: 'float32', dims }],
  })
}
