import { writeFileSync } from 'node:fs'
import { listFaceClips } from '../evaluation/face-clips.js'
import { trainOnReal, trainOnRendered } from '../liveness/clip-net/cross-validate.js'
import type { ClipTraining } from '../liveness/clip-net/cross-validate.js'
import { gatherReal, gatherRendered } from '../liveness/clip-net/gather-clips.js'
import type { ClipSources } from '../liveness/clip-net/gather-clips.js'
import { clipNetToOnnx } from '../liveness/clip-net/to-onnx.js'
import { loadStages } from '../stages.js'
import { CommandError } from './command-error.js'
import { loadSetup } from './setup.js'
import type { SetupOptions } from './setup.js'

export interface ClipTrainingOptions extends SetupOptions {
  /** Folder with one folder a person, whose photographs are rendered as heads and sheets. */
  readonly images: string
  /** Folder of real clips named PERSON-live… and PERSON-screen…. */
  readonly video?: string
  readonly people: string
  readonly epochs: string
  readonly realEpochs: string
  readonly seed: string
  readonly cache?: string
}

export interface TrainClipOptions extends ClipTrainingOptions {
  readonly out: string
}

function note(line: string): void {
  process.stderr.write(`${line}\n`)
}

/** What both training and its evaluation need; faults in the options end here. */
export async function openClipTraining(options: ClipTrainingOptions): Promise<{
  readonly people: number
  readonly training: ClipTraining
  readonly sources: ClipSources
}> {
  const [people, epochs, realEpochs, seed] = [
    options.people,
    options.epochs,
    options.realEpochs,
    options.seed,
  ].map(Number)
  if (![people, epochs, realEpochs, seed].every((n) => Number.isInteger(n) && n >= 0 && n < 1e6)) {
    throw new CommandError(
      'bad-input',
      '--people, --epochs, --real-epochs and --seed must be whole',
    )
  }
  if (people < 1 || epochs < 1) {
    throw new CommandError('bad-input', '--people and --epochs must be at least 1')
  }
  const stages = await loadStages(loadSetup(options).models)
  return {
    people,
    training: {
      seed,
      epochs,
      realEpochs,
      onEpoch: (stage, epoch, loss) => note(`${stage}: epoch ${epoch}, loss ${loss.toFixed(4)}`),
    },
    sources: { stages, cacheFolder: options.cache, seed, onProgress: note },
  }
}

/** `genkan train-clip`: trains the 3-D convolution over face clips and writes it as ONNX. */
export async function trainClip(options: TrainClipOptions): Promise<void> {
  const { people, training, sources } = await openClipTraining(options)
  const rendered = await gatherRendered(options.images, people, sources)
  let net = await trainOnRendered(rendered, training)
  if (training.realEpochs > 0) {
    const real = await gatherReal(listFaceClips(options.video), sources)
    net = await trainOnReal(net, rendered, real, training, 'real')
  }
  const model = clipNetToOnnx(net)
  writeFileSync(options.out, model)
  process.stdout.write(`${options.out}: ${model.length} bytes\n`)
}
