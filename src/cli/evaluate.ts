import type { Command } from 'commander'
import type { EvaluateAttacksOptions } from '../commands/evaluate-attacks.js'
import type { EvaluateClipNetOptions } from '../commands/evaluate-clip-net.js'
import type { EvaluateMasksOptions } from '../commands/evaluate-masks.js'
import type { EvaluateClipsOptions } from '../commands/evaluate-clips.js'
import type { EvaluateEncodersOptions } from '../commands/evaluate-encoders.js'
import type { EvaluateIdentifyOptions } from '../commands/evaluate-identify.js'
import type { EvaluatePoisonedOptions } from '../commands/evaluate-poisoned.js'
import type { EvaluateLearningOptions } from '../commands/evaluate-learning.js'
import type { EvaluateLfwOptions } from '../commands/evaluate-lfw.js'
import type { EvaluateLifeOptions } from '../commands/evaluate-life.js'
import type { EvaluatePadOptions } from '../commands/evaluate-pad.js'
import type { EvaluatePulseOptions } from '../commands/evaluate-pulse.js'
import type { WithSetup } from './with-setup.js'

const ENCODER_CANDIDATES = [
  'mobilefacenet-128-pca-int8',
  'mobilefacenet-128-pca',
  'mobilefacenet-128',
  'fr_feature',
  'dlib-resnet-128',
  'mobilefacenet-128-pca-int8+flip',
  'mobilefacenet-128-pca-int8&dlib-resnet-128',
].join(',')

/** Commands that measure accuracy on labelled data. */
export function addEvaluateCommands(program: Command, withSetup: WithSetup): void {
  const evaluate = program.command('evaluate').description('measure on labelled data')
  withSetup(evaluate.command('lfw'))
    .description('1:1 verification over a pair file in the form of LFW')
    .requiredOption('--pairs <file>', 'pair file')
    .requiredOption('--images <folder>', 'folder with one folder a person')
    .option('--encoder <model>', 'another encoder than the configured one')
    .option('--json', 'print one JSON object')
    .option('--plot <file>', 'write the DET curve as SVG')
    .action(async (options: EvaluateLfwOptions) => {
      const { evaluateLfw } = await import('../commands/evaluate-lfw.js')
      await evaluateLfw(options)
    })
  withSetup(evaluate.command('encoders'))
    .description('encoders side by side on the same faces; ID, ID+flip, or A&B for two together')
    .requiredOption('--pairs <file>', 'pair file')
    .requiredOption('--images <folder>', 'folder with one folder a person')
    .option('--encoders <list>', 'model ids', ENCODER_CANDIDATES)
    .option('--json', 'print one JSON array')
    .action(async (options: EvaluateEncodersOptions) => {
      const { evaluateEncoders } = await import('../commands/evaluate-encoders.js')
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
      const { evaluateIdentify } = await import('../commands/evaluate-identify.js')
      await evaluateIdentify(options)
    })
  withSetup(evaluate.command('learning'))
    .description('random, all-hard and semi-hard triplets, alterations, one-shot and few-shot')
    .requiredOption('--train <folder>', 'people to learn from and to decide by')
    .requiredOption('--test <folder>', 'other people, who are only reported on')
    .option('--alter <list>', 'none, all, or of light,blur,compression,mask,glasses', 'all')
    .option('--epochs <count>', 'passes over the persons', '10')
    .option('--seed <number>', 'splits, batches and alterations', '1')
    .option('--keep <folder>', 'keep encodings and rows, to go on there (private: of faces)')
    .option('--json', 'print one JSON object')
    .action(async (options: EvaluateLearningOptions) => {
      const { evaluateLearning } = await import('../commands/evaluate-learning.js')
      await evaluateLearning(options)
    })
  withSetup(evaluate.command('poisoned'))
    .description('how well two people under one name, and one under two, are found')
    .requiredOption('--images <folder>', 'people no limit was fitted on, one folder a person')
    .option('--seed <number>', 'who is mixed with whom', '1')
    .option('--keep <folder>', 'keep encodings, to use again (private: of faces)')
    .option('--json', 'print one JSON object')
    .action(async (options: EvaluatePoisonedOptions) => {
      const { evaluatePoisoned } = await import('../commands/evaluate-poisoned.js')
      await evaluatePoisoned(options)
    })
  withSetup(evaluate.command('life'))
    .description('how soon living people show it, and that rendered stills never do')
    .option('--clips <files...>', 'further clips of living people')
    .option('--images <folder>', 'people whose pictures are shown as stills')
    .option('--trials <count>', 'stills to show, 10 s each', '200')
    .option('--seed <number>', 'chooses the motions', '1')
    .option('--fps <number>', 'frames a second', '12')
    .option('--json', 'print one JSON object')
    .option('--plot <file>', 'write time to grant against attack grants as SVG')
    .action(async (options: EvaluateLifeOptions) => {
      const { evaluateLife } = await import('../commands/evaluate-life.js')
      await evaluateLife(options)
    })
  withSetup(evaluate.command('pad <folder>'))
    .description('attack and bona fide errors (ISO/IEC 30107-3): live/ and one folder a species')
    .option('--json', 'print one JSON object')
    .option('--plot <file>', 'write the DET curves as SVG')
    .option('--texture-scales <list>', 'other crops of the texture net to compare, such as 1.5,4')
    .action(async (folder: string, options: EvaluatePadOptions) => {
      const { evaluatePad } = await import('../commands/evaluate-pad.js')
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
      const { evaluatePulse } = await import('../commands/evaluate-pulse.js')
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
      const { evaluateClipNet } = await import('../commands/evaluate-clip-net.js')
      await evaluateClipNet(options)
    })
  withSetup(evaluate.command('masks'))
    .description('drawn masks with holes, worn over other faces, before the net against them')
    .requiredOption('--images <folder>', 'people to wear and to be worn, one folder a person')
    .option('--json', 'print one JSON object')
    .action(async (options: EvaluateMasksOptions) => {
      const { evaluateMasks } = await import('../commands/evaluate-masks.js')
      await evaluateMasks(options)
    })
  withSetup(evaluate.command('attacks <suite>'))
    .description(
      'simulated attacks before the whole line: stills, feeds, shown, masks or recordings',
    )
    .option('--images <folder>', 'people whose pictures are shown, one folder a person')
    .option('--people <count>', 'of them, at most', '100')
    .option('--modes <list>', 'judged over the same frames', 'life,challenge')
    .option('--fps <number>', 'frames a second of what is rendered from pictures', '30')
    .option('--count <count>', 'trials, 10 s each, species in turn', '28')
    .option('--out <file>', 'keep trials in it, one JSON line each, and go on from there')
    .option('--minutes <count>', 'begin no trial after this long; 0 only sums up --out', '100000')
    .option('--json', 'print one JSON object')
    .action(async (suite: string, options: EvaluateAttacksOptions) => {
      const { evaluateAttacks } = await import('../commands/evaluate-attacks.js')
      await evaluateAttacks(suite, options)
    })
  withSetup(evaluate.command('clips'))
    .description('time to grant over the real clips, and that no stranger and no still is granted')
    .option('--every <seconds>', 'a window opens this often', '2')
    .option('--json', 'print one JSON object')
    .action(async (options: EvaluateClipsOptions) => {
      const { evaluateClips } = await import('../commands/evaluate-clips.js')
      await evaluateClips(options)
    })
}
