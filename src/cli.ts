#!/usr/bin/env node
import { Command } from 'commander'
import type { BenchGalleryOptions } from './commands/bench-gallery.js'
import type { BenchOptions } from './commands/bench.js'
import type { CalibratePadOptions } from './commands/calibrate-pad.js'
import type { CalibrateCommandOptions } from './commands/calibrate.js'
import type { DoctorOptions } from './commands/doctor.js'
import type { EvaluateAttacksOptions } from './commands/evaluate-attacks.js'
import type { EvaluatePadOptions } from './commands/evaluate-pad.js'
import type { EvaluateClipNetOptions } from './commands/evaluate-clip-net.js'
import type { EvaluateClipsOptions } from './commands/evaluate-clips.js'
import type { EvaluateEncodersOptions } from './commands/evaluate-encoders.js'
import type { EvaluateIdentifyOptions } from './commands/evaluate-identify.js'
import type { EvaluateLifeOptions } from './commands/evaluate-life.js'
import type { EvaluateLfwOptions } from './commands/evaluate-lfw.js'
import type { EvaluatePulseOptions } from './commands/evaluate-pulse.js'
import type { EventsOptions } from './commands/events.js'
import type { FaceCommandOptions } from './commands/faces.js'
import type { LearnProjectionOptions } from './commands/learn-projection.js'
import type { QuantizeCommandOptions } from './commands/quantize.js'
import type { RunOptions } from './commands/run.js'
import type { SoakOptions } from './commands/soak.js'
import type {
  AuditVerifyOptions,
  BackupOptions,
  PurgeOptions,
  RestoreOptions,
  RotateKeyOptions,
} from './commands/store.js'
import type { TrainClipOptions } from './commands/train-clip.js'
import { EXIT_CODES, CommandError } from './commands/command-error.js'
import { explain } from './commands/explain.js'
import { version } from './version.js'

const ENCODER_CANDIDATES = [
  'mobilefacenet-128-pca-int8',
  'mobilefacenet-128-pca',
  'mobilefacenet-128-int8',
  'fr_feature',
  'dlib-resnet-128',
  'mobilefacenet-128-pca-int8+flip',
  'mobilefacenet-128-pca-int8&dlib-resnet-128',
].join(',')

function addStoreCommands(program: Command, withSetup: (command: Command) => Command): void {
  const passphrase = ['--passphrase-file <file>', 'file whose first line is a passphrase'] as const
  withSetup(program.command('backup <file>'))
    .description('copy the store, encrypted with its key, and verify the copy')
    .option(...passphrase)
    .option('--json', 'print JSON')
    .action(async (file: string, options: BackupOptions) => {
      const { backup } = await import('./commands/store.js')
      await backup(file, options)
    })
  withSetup(program.command('restore <file>'))
    .description('verify a backup and put it in the place of the store, which is kept aside')
    .option(...passphrase)
    .option('--key-file <file>', 'the key the backup was made with, if it is not the key of today')
    .option('--verify-only', 'change nothing')
    .option('--json', 'print JSON')
    .action(async (file: string, options: RestoreOptions) => {
      const { restore } = await import('./commands/store.js')
      await restore(file, options)
    })
  withSetup(program.command('rotate-key'))
    .description('encrypt the store anew with another key; genkan must not run')
    .option('--new-key-file <file>', 'a key made elsewhere; one is made if not given')
    .option('--json', 'print JSON')
    .action(async (options: RotateKeyOptions) => {
      const { rotate } = await import('./commands/store.js')
      rotate(options)
    })
  withSetup(program.command('purge'))
    .description('remove decisions and pictures that are beyond their time')
    .option('--dry-run', 'only count them')
    .option('--json', 'print JSON')
    .action(async (options: PurgeOptions) => {
      const { purge } = await import('./commands/store.js')
      await purge(options)
    })
  const audit = program.command('audit').description('the record of who did what')
  withSetup(audit.command('verify'))
    .description('find a changed, removed, re-ordered or cut row: exit code 0 intact, 1 broken')
    .option('--head <number:hash>', 'an end of the chain noted earlier, which must lie on it')
    .option('--json', 'print JSON')
    .action(async (options: AuditVerifyOptions) => {
      const { auditVerify } = await import('./commands/store.js')
      process.exitCode = auditVerify(options)
    })
}

/** Commands load their own parts, so that `genkan --help` is there at once. */
function buildProgram(): Command {
  const program = new Command('genkan')
    .description('face access for door-entry kiosks')
    .version(version)
    .showHelpAfterError()
  const withSetup = (command: Command) =>
    command
      .option('-c, --config <file>', 'configuration file (default: genkan.yaml if it is there)')
      .option('-b, --board <name>', 'board profile of firmware-config/')

  withSetup(program.command('run'))
    .description('run the daemon')
    .action(async (options: RunOptions) => {
      const { runCommand } = await import('./commands/run.js')
      process.exitCode = await runCommand(options)
    })

  withSetup(program.command('doctor'))
    .description(
      'check camera, models, store, broker, clock and disk, and say the cure of each fault',
    )
    .option('--json', 'print JSON')
    .action(async (options: DoctorOptions) => {
      const { doctor } = await import('./commands/doctor.js')
      process.exitCode = await doctor(options)
    })

  program
    .command('config')
    .description('print the documented example configuration')
    .action(async () => {
      const { exampleFile } = await import('./config/document.js')
      process.stdout.write(exampleFile())
    })

  withSetup(program.command('enroll <name> <picture>'))
    .description('enrol a person from one picture')
    .option('--json', 'print JSON')
    .action(async (name: string, picture: string, options: FaceCommandOptions) => {
      const { enroll } = await import('./commands/faces.js')
      await enroll(name, picture, options)
    })

  withSetup(program.command('identify <pictures...>'))
    .description('say who is in each picture, out of everybody enrolled')
    .option('--json', 'print one JSON line a picture')
    .action(async (pictures: string[], options: FaceCommandOptions) => {
      const { identify } = await import('./commands/faces.js')
      await identify(pictures, options)
    })

  withSetup(program.command('verify <person-id> <picture>'))
    .description('say whether a picture shows the claimed person: exit code 0 same, 3 different')
    .option('--json', 'print JSON')
    .action(async (personId: string, picture: string, options: FaceCommandOptions) => {
      const { verify } = await import('./commands/faces.js')
      process.exitCode = await verify(personId, picture, options)
    })

  withSetup(program.command('events'))
    .description("print every door's events as they arrive")
    .option('--url <url>', 'broker, such as mqtt://127.0.0.1:1883')
    .option('--json', 'print the payloads as they came')
    .action(async (options: EventsOptions) => {
      const { printDoorEvents } = await import('./commands/events.js')
      await printDoorEvents(options)
    })

  addStoreCommands(program, withSetup)

  program
    .command('asyncapi')
    .description('print what is on the wire, as an AsyncAPI 3 document')
    .action(async () => {
      const { asyncApiText } = await import('./commands/asyncapi.js')
      process.stdout.write(asyncApiText())
    })

  withSetup(program.command('ha-remove'))
    .description('take the door out of Home Assistant')
    .action(async (options: RunOptions) => {
      const { removeFromHomeAssistant } = await import('./commands/ha-remove.js')
      process.stdout.write(`${await removeFromHomeAssistant(options)}\n`)
    })

  const evaluate = program.command('evaluate').description('measure on labelled data')
  withSetup(evaluate.command('lfw'))
    .description('1:1 verification over a pair file in the form of LFW')
    .requiredOption('--pairs <file>', 'pair file')
    .requiredOption('--images <folder>', 'folder with one folder a person')
    .option('--encoder <model>', 'another encoder than the configured one')
    .option('--json', 'print one JSON object')
    .option('--plot <file>', 'write the DET curve as SVG')
    .action(async (options: EvaluateLfwOptions) => {
      const { evaluateLfw } = await import('./commands/evaluate-lfw.js')
      await evaluateLfw(options)
    })
  withSetup(evaluate.command('encoders'))
    .description('encoders side by side on the same faces; ID, ID+flip, or A&B for two together')
    .requiredOption('--pairs <file>', 'pair file')
    .requiredOption('--images <folder>', 'folder with one folder a person')
    .option('--encoders <list>', 'model ids', ENCODER_CANDIDATES)
    .option('--json', 'print one JSON array')
    .action(async (options: EvaluateEncodersOptions) => {
      const { evaluateEncoders } = await import('./commands/evaluate-encoders.js')
      await evaluateEncoders(options)
    })
  withSetup(evaluate.command('identify'))
    .description('open-set identification 1:K at the calibrated thresholds')
    .requiredOption('--images <folder>', 'folder with one folder a person')
    .option('--sizes <list>', 'gallery sizes', '100,1000,2000,10000')
    .option('--encoder <model>', 'another encoder than the configured one')
    .option('--json', 'print one JSON object')
    .option('--plot <prefix>', 'write PREFIX-threshold.svg and PREFIX-fpir.svg')
    .action(async (options: EvaluateIdentifyOptions) => {
      const { evaluateIdentify } = await import('./commands/evaluate-identify.js')
      await evaluateIdentify(options)
    })
  withSetup(evaluate.command('life'))
    .description('how soon living people show it, and that rendered stills never do')
    .option('--clips <files...>', 'further clips of living people')
    .option('--images <folder>', 'people whose pictures are shown as stills')
    .option('--trials <count>', 'stills to show, 10 s each', '200')
    .option('--seed <number>', 'chooses the motions', '1')
    .option('--fps <number>', 'frames a second', '12')
    .option('--json', 'print one JSON object')
    .action(async (options: EvaluateLifeOptions) => {
      const { evaluateLife } = await import('./commands/evaluate-life.js')
      await evaluateLife(options)
    })
  withSetup(evaluate.command('pad <folder>'))
    .description('attack and bona fide errors (ISO/IEC 30107-3): live/ and one folder a species')
    .option('--json', 'print one JSON object')
    .option('--plot <file>', 'write the DET curves as SVG')
    .action(async (folder: string, options: EvaluatePadOptions) => {
      const { evaluatePad } = await import('./commands/evaluate-pad.js')
      await evaluatePad(folder, options)
    })
  withSetup(evaluate.command('pulse'))
    .description('what skin colour tells of a pulse: live clips, replays, stills')
    .option('--video <folder>', 'clips named PERSON-live… and PERSON-screen…')
    .option('--images <folder>', 'people whose pictures are shown as stills')
    .option('--stills <count>', 'pictures to show', '8')
    .option('--seconds <seconds>', 'of each clip, from its beginning', '60')
    .option('--any-motion', 'also read moving faces, where the cue would abstain')
    .option('--json', 'print one JSON object')
    .action(async (options: EvaluatePulseOptions) => {
      const { evaluatePulse } = await import('./commands/evaluate-pulse.js')
      await evaluatePulse(options)
    })
  withSetup(evaluate.command('clip-net'))
    .description('train the clip net and score real clips of people it has not seen')
    .requiredOption('--images <folder>', 'people whose pictures are rendered, one folder a person')
    .option('--video <folder>', 'real clips named PERSON-live… and PERSON-screen…')
    .option('--people <count>', 'people to render', '240')
    .option('--epochs <count>', 'over rendered clips', '8')
    .option('--real-epochs <count>', 'over real and rendered clips; 0 leaves real ones out', '4')
    .option('--seed <number>', 'chooses motions, first weights and order', '1')
    .option('--cache <folder>', 'keeps made face clips (private: they show faces)')
    .option('--stills <folder>', 'other people, whose pictures are shown as stills')
    .option('--still-people <count>', 'of them, each as ten species', '12')
    .option('--json', 'print one JSON object')
    .action(async (options: EvaluateClipNetOptions) => {
      const { evaluateClipNet } = await import('./commands/evaluate-clip-net.js')
      await evaluateClipNet(options)
    })
  withSetup(evaluate.command('attacks'))
    .description('frozen and looped feeds in the place of the camera, before the whole line')
    .option('--trials <count>', 'of each species, 10 s each', '25')
    .option('--json', 'print one JSON object')
    .action(async (options: EvaluateAttacksOptions) => {
      const { evaluateAttacks } = await import('./commands/evaluate-attacks.js')
      await evaluateAttacks(options)
    })
  withSetup(evaluate.command('clips'))
    .description('time to grant over the real clips, and that no stranger and no still is granted')
    .option('--every <seconds>', 'a window opens this often', '2')
    .option('--json', 'print one JSON object')
    .action(async (options: EvaluateClipsOptions) => {
      const { evaluateClips } = await import('./commands/evaluate-clips.js')
      await evaluateClips(options)
    })

  const calibrate = withSetup(program.command('calibrate <folder>'))
    .description('fit the threshold for K on labelled people, one folder a person')
    .option('--description <text>', 'what the pictures are, for the file')
    .option('--encoder <model>', 'another encoder than the configured one')
    .option('--out <file>', "calibration file; the encoder's own in models/ if not given")
    .option('--json', 'print one JSON object')
    .action(async (folder: string, options: CalibrateCommandOptions) => {
      const { calibrateCommand } = await import('./commands/calibrate.js')
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
      const { calibratePad } = await import('./commands/calibrate-pad.js')
      await calibratePad(command.optsWithGlobals<CalibratePadOptions>())
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
      const { learnProjection } = await import('./commands/learn-projection.js')
      await learnProjection(folder, options)
    })

  withSetup(program.command('quantize <model>'))
    .description('quantize an encoder to int8, calibrated on a folder of faces')
    .requiredOption('--images <folder>', 'folder with one folder a person')
    .option('--id <id>', 'id of the new model')
    .option('--count <count>', 'faces to calibrate on', '200')
    .option('--method <method>', 'min-max, mse, or a percentile', '99.999')
    .option('--prelu <style>', 'max2, maxdw or hybrid', 'hybrid')
    .option('--out <folder>', 'where the files go')
    .option('--json', 'print the report as JSON')
    .action(async (model: string, options: QuantizeCommandOptions) => {
      const { quantizeCommand } = await import('./commands/quantize.js')
      await quantizeCommand(model, options)
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
      const { trainClip } = await import('./commands/train-clip.js')
      await trainClip(options)
    })

  withSetup(program.command('bench'))
    .description('time the line on real frames, by stage')
    .option('--frames <count>', 'frames to judge', '600')
    .option('--persons <count>', 'K, persons enrolled', '1000')
    .option('--json', 'print one JSON object')
    .action(async (options: BenchOptions) => {
      const { bench } = await import('./commands/bench.js')
      await bench(options)
    })

  program
    .command('bench-gallery')
    .description('time exact 1:K search beside a plain loop, and usearch where it is installed')
    .option('--sizes <list>', 'templates', '1000,100000,1000000')
    .option('--json', 'print one JSON object')
    .action(async (options: BenchGalleryOptions) => {
      const { benchGalleryCommand } = await import('./commands/bench-gallery.js')
      await benchGalleryCommand(options)
    })

  program
    .command('soak')
    .description('run the daemon on its replay and watch its memory')
    .option('--minutes <minutes>', 'how long', '10')
    .option('--json', 'print one JSON object')
    .action(async (options: SoakOptions) => {
      const { soak } = await import('./commands/soak.js')
      await soak(options)
    })
  return program
}

try {
  await buildProgram().parseAsync()
} catch (error) {
  process.stderr.write(`genkan: ${explain(error)}\n`)
  process.exitCode = EXIT_CODES[error instanceof CommandError ? error.kind : 'fault']
}
