import { readFileSync } from 'node:fs'
import { alignFace } from '../detection/align.js'
import { toUnitLength } from '../encoding/embedding.js'
import type { Embedding } from '../encoding/embedding.js'
import { findLabelledFace, readPicture } from '../evaluation/labelled-pictures.js'
import { parseLfwPairs } from '../evaluation/lfw-pairs.js'
import { summariseTimings } from '../evaluation/quantiles.js'
import { verifyPairs } from '../evaluation/verification.js'
import type { VerificationReport } from '../evaluation/verification.js'
import type { Image } from '../frame/image.js'
import { mirrorImage } from '../frame/mirror.js'
import { toPlanarTensor } from '../frame/tensor.js'
import { loadNet } from '../models/session.js'
import type { Net } from '../models/session.js'
import { loadStages } from '../stages.js'
import { CommandError } from './command-error.js'
import { startProgress } from './progress.js'
import { loadSetup } from './setup.js'
import type { SetupOptions } from './setup.js'

export interface EvaluateEncodersOptions extends SetupOptions {
  readonly pairs: string
  readonly images: string
  /** Model ids, comma-separated. */
  readonly encoders: string
  readonly json?: boolean
}

interface Candidate {
  readonly name: string
  readonly components: number
  readonly kilobytes: number
  readonly encode: (aligned: (net: Net<'encoder'>) => Image) => Promise<Float32Array>
}

interface CandidateReport {
  readonly name: string
  readonly components: number
  readonly kilobytes: number
  /** Net alone, one thread, in turns with the others. */
  readonly encodeMs: number
  readonly report: VerificationReport
}

/** Suffix of a candidate that adds the embedding of the mirrored face (flip augmentation). */
const FLIP = '+flip'

/**
 * `genkan evaluate encoders`: every candidate on the same faces of the same pairs, in one run.
 * A candidate is a model id, `ID+flip` for flip augmentation, or `A&B`, the two side by side.
 */
export async function evaluateEncoders(options: EvaluateEncodersOptions): Promise<void> {
  const { models } = loadSetup(options)
  const pairs = parseLfwPairs(readFileSync(options.pairs, 'utf8'), options.images)
  const names = options.encoders.split(',').filter((name) => name !== '')
  if (names.length === 0) throw new CommandError('bad-input', '--encoders names no model')
  const { finder } = await loadStages(models)
  const nets = new Map<string, Net<'encoder'>>()
  const candidates: Candidate[] = []
  for (const name of names) candidates.push(await openCandidate(name, nets))
  const paths = [...new Set(pairs.flatMap((pair) => pair.paths))]
  const embeddings = candidates.map(() => new Map<string, Embedding | undefined>())
  const times = candidates.map((): number[] => [])
  const progress = startProgress('faces', paths.length)
  for (const [done, path] of paths.entries()) {
    const image = await readPicture(path)
    const face = image && (await findLabelledFace(image, finder))
    for (const [i, candidate] of candidates.entries()) {
      if (image === undefined || face === undefined) {
        embeddings[i].set(path, undefined)
        continue
      }
      const align = ({ manifest: { input } }: Net<'encoder'>) =>
        alignFace(image, face.fivePoints, input.fit.template, input.shape[2])
      const startedMs = performance.now()
      const vector = await candidate.encode(align)
      times[i].push(performance.now() - startedMs)
      embeddings[i].set(path, { modelId: candidate.name, vector })
    }
    progress.update(done + 1)
  }
  progress.stop()
  const rows = candidates.map(({ name, components, kilobytes }, i): CandidateReport => {
    const encodeMs = summariseTimings(times[i]).p50
    const encoded = { embeddings: embeddings[i], msPerFace: encodeMs }
    return {
      name,
      components,
      kilobytes,
      encodeMs,
      report: verifyPairs(pairs, encoded, name).report,
    }
  })
  process.stdout.write(options.json === true ? `${JSON.stringify(rows)}\n` : describe(rows))
}

async function openCandidate(name: string, nets: Map<string, Net<'encoder'>>): Promise<Candidate> {
  const parts = await Promise.all(
    name.split('&').map(async (part) => {
      const flips = part.endsWith(FLIP)
      const model = flips ? part.slice(0, -FLIP.length) : part
      const net = nets.get(model) ?? (await loadNet('encoder', { model }))
      nets.set(model, net)
      return { net, flips }
    }),
  )
  const lengthOf = ({ manifest }: Net<'encoder'>) => manifest.outputs.embedding.shape[1]
  return {
    name,
    components: parts.reduce((sum, { net }) => sum + lengthOf(net), 0),
    kilobytes: parts.reduce((sum, { net }) => sum + net.manifest.file.bytes / 1000, 0),
    async encode(aligned) {
      const vectors: number[] = []
      for (const { net, flips } of parts) {
        const face = aligned(net)
        const vector = await runNet(net, face)
        if (flips) {
          const mirrored = await runNet(net, mirrorImage(face))
          vectors.push(...toUnitLength(vector.map((value, i) => value + mirrored[i])))
        } else {
          vectors.push(...vector)
        }
      }
      return toUnitLength(Float32Array.from(vectors))
    },
  }
}

async function runNet(net: Net<'encoder'>, aligned: Image): Promise<Float32Array> {
  const { embedding } = await net.run(toPlanarTensor(aligned, net.manifest.input))
  return toUnitLength(embedding)
}

function describe(rows: readonly CandidateReport[]): string {
  const percent = (rate: number) => (100 * rate).toFixed(2).padStart(6)
  const lines = rows.map(({ name, components, kilobytes, encodeMs, report }) => {
    const { fnmr, ci95 } = report.fnmrAtFmr['1e-3']
    const accuracy = `${percent(report.accuracy)} [${percent(report.accuracyCi95.low)},${percent(report.accuracyCi95.high)}]`
    const miss = `${percent(fnmr)} [${percent(ci95.low)},${percent(ci95.high)}]`
    return `${name.padEnd(46)} ${String(components).padStart(4)} ${kilobytes.toFixed(0).padStart(6)} ${encodeMs.toFixed(2).padStart(7)}  ${accuracy}  ${miss}`
  })
  const pairs = rows.at(0)?.report.pairs ?? 0
  return [
    `${pairs} pairs; rates in %, 95 % intervals`,
    'encoder                                         dim     kB      ms  accuracy               FNMR at FMR 1e-3',
    ...lines,
    '',
  ].join('\n')
}
