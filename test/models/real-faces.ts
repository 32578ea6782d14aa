import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as ort from '../../src/models/onnxruntime.js'
import { alignFace } from '../../src/detection/align.js'
import type { Face } from '../../src/detection/face.js'
import { createFaceFinder } from '../../src/detection/find-faces.js'
import { findLabelledFace, readPicture } from '../../src/evaluation/labelled-pictures.js'
import { decodeImage } from '../../src/frame/decode.js'
import type { Image } from '../../src/frame/image.js'
import { toPlanarTensor } from '../../src/frame/tensor.js'
import { assetPath, cacheFolder, readManifest } from '../../src/models/registry.js'
import { loadDetector, loadLandmarks } from '../../src/models/session.js'
import { sessionOptions } from '../../src/models/session-options.js'

/** A file of a pinned package as it was published, kept by `npm ci`. */
export function sourceFile(packageFolder: string, path: string): Uint8Array {
  return readFileSync(join(cacheFolder, 'source', packageFolder, path))
}

/** Every face of a pinned photograph. */
export async function findFaces(name: string): Promise<{ image: Image; faces: Face[] }> {
  const decoded = await decodeImage(readFileSync(assetPath(name)))
  if (!decoded.ok) throw new Error(decoded.detail)
  const [detector, landmarks] = [await loadDetector(), await loadLandmarks()]
  const faces = await createFaceFinder(detector, landmarks).find(decoded.image)
  await Promise.all([detector.release(), landmarks.release()])
  if (faces.length === 0) throw new Error(`${name} shows no face`)
  return { image: decoded.image, faces }
}

/** The encoder's inputs for the real faces of some pinned photographs. */
export async function alignedFaces(...names: string[]): Promise<Float32Array[]> {
  const { manifest } = readManifest('fr_feature')
  if (manifest.role !== 'encoder') throw new Error('fr_feature is no encoder')
  const { input } = manifest
  const inputs: Float32Array[] = []
  for (const name of names) {
    const { image, faces } = await findFaces(name)
    for (const { fivePoints } of faces) {
      inputs.push(toPlanarTensor(alignFace(image, fivePoints, input.fit.template, 112), input))
    }
  }
  return inputs
}

/** The encoder's inputs for the labelled faces of photographs given by path; those without are left out. */
export async function labelledFaces(paths: readonly string[]): Promise<Float32Array[]> {
  const [detector, landmarks] = [await loadDetector(), await loadLandmarks()]
  const finder = createFaceFinder(detector, landmarks)
  const { manifest } = readManifest('fr_feature')
  if (manifest.role !== 'encoder') throw new Error('fr_feature is no encoder')
  const { input } = manifest
  const inputs: Float32Array[] = []
  for (const path of paths) {
    const image = await readPicture(path)
    if (image === undefined) continue
    const face = await findLabelledFace(image, finder)
    if (face === undefined) continue
    inputs.push(toPlanarTensor(alignFace(image, face.fivePoints, input.fit.template, 112), input))
  }
  await Promise.all([detector.release(), landmarks.release()])
  return inputs
}

/** Runs a model's bytes over inputs, without any of genkan's own checks. */
export async function runBytes(
  model: Uint8Array,
  inputs: readonly Float32Array[],
  dims: readonly number[],
): Promise<Float32Array[]> {
  const session = await ort.InferenceSession.create(model, sessionOptions())
  const [inputName] = session.inputNames
  const [outputName] = session.outputNames
  const outputs: Float32Array[] = []
  for (const input of inputs) {
    const result = await session.run({ [inputName]: new ort.Tensor('float32', input, dims) })
    const { data } = result[outputName]
    if (!(data instanceof Float32Array)) throw new Error('the output is not float32')
    outputs.push(data)
  }
  await session.release()
  return outputs
}

/** Largest absolute difference between two results of the same length. */
export function maxDifference(a: Float32Array, b: Float32Array): number {
  if (a.length !== b.length) return Infinity
  return a.reduce((worst, value, i) => Math.max(worst, Math.abs(value - b[i])), 0)
}

/** Cosine of the angle between two vectors. */
export function cosine(a: Float32Array, b: Float32Array): number {
  const dot = (x: Float32Array, y: Float32Array) => x.reduce((sum, v, i) => sum + v * y[i], 0)
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b))
}
