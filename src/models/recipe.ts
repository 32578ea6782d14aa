import { ModelError, describeCause } from './error.js'
import type { Manifest, RecipeStep } from './manifest.js'
import { alignChannels } from './onnx/align-channels.js'
import { foldBatchNorm } from './onnx/batch-norm.js'
import { decodeModel, encodeModel } from './onnx/codec.js'
import { freeBatch } from './onnx/free-batch.js'
import type { OnnxGraph } from './onnx/model.js'
import { rewritePRelu } from './onnx/prelu-rewrite.js'
import { appendHead, projectOutput } from './onnx/project-output.js'
import { applyQuantization } from './quantize/quantize.js'
import { readHead, readQuantization } from './registry.js'
import { dlibResnet } from './tfjs/dlib-resnet.js'
import { readGraphModel } from './tfjs/graph-model.js'
import { graphModelToOnnx } from './tfjs/graph-to-onnx.js'
import { inceptionStyle } from './tfjs/inception-style.js'
import { readModuleWeights } from './tfjs/module-text.js'
import { readWeights } from './tfjs/weights.js'

/** What a recipe works on: the package's files by path, and the model made so far. */
interface Workpiece {
  readonly sources: ReadonlyMap<string, Uint8Array>
  readonly model: Uint8Array | undefined
}

function soleSource(sources: ReadonlyMap<string, Uint8Array>): Uint8Array {
  const first = [...sources.values()].at(0)
  if (first === undefined || sources.size > 1) throw new Error('needs exactly one source file')
  return first
}

function edit({ model }: Workpiece, change: (graph: OnnxGraph) => OnnxGraph): Uint8Array {
  if (model === undefined) throw new Error('no step before it made a model')
  const decoded = decodeModel(model, 'the model made so far')
  return encodeModel({ ...decoded, graph: change(decoded.graph) })
}

function runStep(step: RecipeStep, piece: Workpiece): Uint8Array {
  switch (step.step) {
    case 'copy':
      return soleSource(piece.sources)
    case 'tfjs-graph': {
      const [json, ...shards] = piece.sources.values()
      const graph = readGraphModel(json, Buffer.concat(shards))
      return encodeModel(graphModelToOnnx(graph, step.input, step.outputs))
    }
    case 'dlib-resnet': {
      const [json, ...shards] = piece.sources.values()
      return encodeModel(dlibResnet(readWeights(json, Buffer.concat(shards))))
    }
    case 'inception-style': {
      const [model, ...shards] = piece.sources.values()
      return encodeModel(inceptionStyle(readModuleWeights(model, shards)))
    }
    case 'fold-batch-norm':
      return edit(piece, foldBatchNorm)
    case 'align-channels':
      return edit(piece, (graph) => alignChannels(graph, step.multiple))
    case 'prelu-rewrite':
      return edit(piece, rewritePRelu)
    case 'quantize': {
      if (piece.model === undefined) throw new Error('no step before it made a model')
      const constants = readQuantization(step.constants)
      const decoded = decodeModel(piece.model, 'the model made so far')
      return encodeModel(applyQuantization(decoded, constants))
    }
    case 'project-svd':
      return edit(piece, (graph) => projectOutput(graph, step.length))
    case 'project-learnt':
      return edit(piece, (graph) => appendHead(graph, readHead(step.head)))
    case 'free-batch':
      return edit(piece, freeBatch)
  }
}

/** Models made so far, so that recipes that begin alike are worked only once. */
export type RecipeMemo = Map<string, Uint8Array>

function memoKey(manifest: Manifest, steps: number): string {
  return JSON.stringify([manifest.source, manifest.recipe.slice(0, steps)])
}

/**
 * Makes the model file from the package's files, step by step, deterministically.
 * @param memo shared by the calls of one build
 * @throws ModelError `recipe-failed` that names the step
 */
export function runRecipe(
  manifest: Manifest,
  sources: ReadonlyMap<string, Uint8Array>,
  memo: RecipeMemo = new Map(),
): Uint8Array {
  let model: Uint8Array | undefined
  for (const [at, step] of manifest.recipe.entries()) {
    const key = memoKey(manifest, at + 1)
    try {
      model = memo.get(key) ?? runStep(step, { sources, model })
      memo.set(key, model)
    } catch (cause) {
      throw new ModelError({
        code: 'recipe-failed',
        what: `the step ${step.step} failed (${describeCause(cause)})`,
        where: `models/${manifest.id}.json`,
        cure: 'the recipe does not fit its source files; correct the manifest',
        cause,
      })
    }
  }
  if (model === undefined) {
    throw new ModelError({
      code: 'recipe-failed',
      what: 'the recipe makes nothing',
      where: `models/${manifest.id}.json`,
      cure: 'give it at least one step',
    })
  }
  return model
}
