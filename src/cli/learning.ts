import type { Command } from 'commander'
import type { CalibratePadOptions } from '../commands/calibrate-pad.js'
import type { CalibrateCommandOptions } from '../commands/calibrate.js'
import type { LearnCommandOptions } from '../commands/learn.js'
import type { LearnSiameseOptions } from '../commands/learn-siamese.js'
import type { LearnProjectionOptions } from '../commands/learn-projection.js'
import type { QuantizeCommandOptions } from '../commands/quantize.js'
import type { TrainClipOptions } from '../commands/train-clip.js'
import type { TrainMaskOptions } from '../commands/train-mask.js'
import type { WithSetup } from './with-setup.js'

/** Commands that fit numbers or models to labelled data. */
export function addLearningCommands(program: Command, withSetup: WithSetup): void {
  const calibrate = withSetup(program.command('calibrate <folder>'))
    .description('fit the threshold for K on labelled people, one folder a person')
    .option('--description <text>', 'what the pictures are, for the file')
    .option('--encoder <model>', 'another encoder than the configured one')
    .option('--alter <list>', 'also none, all, or of light,blur,compression,mask,glasses', 'none')
    .option('--seed <number>', 'alterations and resampled persons', '1')
    .option('--out <file>', "calibration file; the encoder's own in models/ if not given")
    .option('--json', 'print one JSON object')
    .action(async (folder: string, options: CalibrateCommandOptions) => {
      const { calibrateCommand } = await import('../commands/calibrate.js')
      await calibrateCommand(folder, options)
    })
  withSetup(calibrate.command('pad'))
    .description('fit the liveness thresholds to the installed camera, in a guided minute')
    .option('--out <file>', 'calibration file', 'pad-calibration.json')
    .option('--clip <file>', 'a clip of a living person before that camera, instead of the camera')
    .option('--images <folder>', 'pictures of living people before it, one folder a person')
    .option('--seconds <count>', 'how long', '60')
    .option('--json', 'print the calibration')
    .action(async (_options: CalibratePadOptions, command: Command) => {
      const { calibratePad } = await import('../commands/calibrate-pad.js')
      await calibratePad(command.optsWithGlobals<CalibratePadOptions>())
    })

  const learn = withSetup(program.command('learn [folder]'))
    .description('learn a head behind the encoder from a folder or the enrolled persons')
    .option('--dry-run', 'say what would be done, change nothing')
    .option('--rollback', 'put the head of before in force again')
    .option('--triplets <choice>', 'random, all-hard or semi-hard', 'semi-hard')
    .option('--alter <list>', 'none, all, or of light,blur,compression,mask,glasses', 'none')
    .option('--epochs <count>', 'passes over the persons', '20')
    .option('--learning-rate <rate>', 'step, relative to the first weights', '0.003')
    .option('--held-out <share>', 'of the persons: half judge, half calibrate', '0.6')
    .option('--persons <count>', 'K that the door works at; the enrolled ones if not given')
    .option('--seed <number>', 'splits, batches and alterations', '1')
    .option('--plot <file>', 'write the loss curve as SVG')
    .option('--full-speed', 'do not give way to other processes')
    .option('--json', 'print one JSON object')
    .action(async (folder: string | undefined, options: LearnCommandOptions) => {
      const { learn: run } = await import('../commands/learn.js')
      await run(folder, options)
    })
  withSetup(learn.command('siamese [folder]'))
    .description('learn a second opinion for 1:1 verification, which may only refuse')
    .option('--form <form>', 'difference or chi-square', 'difference')
    .option('--steps <count>', 'steps over all pairs', '200')
    .option('--seed <number>', 'splits and drawn pairs', '1')
    .option('--dry-run', 'say what would be done, change nothing')
    .option('--rollback', 'put the head of before in force again')
    .option('--plot <file>', 'write the reliability diagram as SVG')
    .option('--json', 'print one JSON object')
    .action(async (folder: string | undefined, _options: unknown, command: Command) => {
      const { learnSiameseCommand } = await import('../commands/learn-siamese.js')
      await learnSiameseCommand(folder, command.optsWithGlobals<LearnSiameseOptions>())
    })

  withSetup(program.command('learn-projection <folder>'))
    .description('compare ways to a 128-d embedding on people not fitted on, and write one')
    .option('--encoder <model>', 'encoder whose output is projected', 'fr_feature')
    .option('--second <model>', 'encoder to try beside it', 'dlib-resnet-128')
    .option('--variant <name>', 'the way to write, as the table names it', 'PCA')
    .option('--description <text>', 'what the pictures are, for the file')
    .option('--out <file>', 'write the head fitted on everybody')
    .option('--json', 'print one JSON array')
    .action(async (folder: string, options: LearnProjectionOptions) => {
      const { learnProjection } = await import('../commands/learn-projection.js')
      await learnProjection(folder, options)
    })

  withSetup(program.command('quantize <model>'))
    .description('quantize an encoder, detector or texture net to int8, calibrated on faces')
    .requiredOption('--images <folders...>', 'folders with one folder a person')
    .option('--id <id>', 'id of the new model')
    .option('--count <count>', 'faces to calibrate on', '200')
    .option('--method <method>', 'mse, min-max, or a percentile such as 99.999', 'mse')
    .option('--prelu <style>', 'max2, maxdw or hybrid', 'max2')
    .option('--accumulator <type>', 'int16 for all CPUs, int32 for those with VNNI', 'int16')
    .option('--description <text>', 'what the pictures are')
    .option('--out <folder>', 'where the files go')
    .option('--json', 'print the report as JSON')
    .action(async (model: string, options: QuantizeCommandOptions) => {
      const { quantizeCommand } = await import('../commands/quantize.js')
      await quantizeCommand(model, options)
    })

  withSetup(program.command('train-mask'))
    .description('train the net against worn masks on drawn ones, and write it with its manifest')
    .requiredOption('--images <folder>', 'people who wear and are worn, one folder a person')
    .option('--webcam <folder>', 'a few more before a webcam, who count thirty times each')
    .option('--steps <count>', 'of 32 faces each, for each of two nets', '9000')
    .option('--seed <number>', 'chooses faces, masks and first weights', '1')
    .option('--out <folder>', 'where worn-mask.json and worn-mask.onnx go', '.')
    .action(async (options: TrainMaskOptions) => {
      const { trainMask } = await import('../commands/train-mask.js')
      await trainMask(options)
    })

  withSetup(program.command('train-clip'))
    .description('train the 3-D convolution over face clips, and write it as ONNX')
    .requiredOption('--images <folder>', 'people whose pictures are rendered, one folder a person')
    .option('--video <folder>', 'real clips named PERSON-live… and PERSON-screen…')
    .option('--people <count>', 'people to render', '240')
    .option('--epochs <count>', 'over rendered clips', '8')
    .option('--real-epochs <count>', 'over real and rendered clips; 0 leaves real ones out', '4')
    .option('--seed <number>', 'chooses motions, first weights and order', '1')
    .option('--cache <folder>', 'keeps made face clips (private: they show faces)')
    .option('--out <file>', 'model file to write', 'clip-net.onnx')
    .action(async (options: TrainClipOptions) => {
      const { trainClip } = await import('../commands/train-clip.js')
      await trainClip(options)
    })
}
