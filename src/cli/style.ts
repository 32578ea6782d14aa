import type { Command } from 'commander'
import type { BenchStyleDoorOptions } from '../commands/bench-style-door.js'
import type { BenchStyleOptions } from '../commands/bench-style.js'
import type { StyleGalleryOptions } from '../commands/style-gallery.js'
import type { StyleTrainOptions } from '../commands/style-train.js'
import type { StylizeOptions } from '../commands/stylize.js'

/** Commands of neural style transfer. */
export function addStyleCommands(program: Command): void {
  program
    .command('stylize <content> <style>')
    .description('give a picture the style of another: a file, or waves, mosaic, strokes or ink')
    .requiredOption('-o, --out <file>', 'PNG or JPEG to write')
    .option('--size <pixels>', 'longer side of the result, 32 to 2048', '512')
    .option('--alpha <weight>', 'α, how much the content counts')
    .option('--beta <weight>', 'β, how much the style counts')
    .option('--tv <weight>', 'weight of the total variation')
    .option('--stroke <scale>', 'size of the strokes, 1 for the style picture as it is')
    .option('--steps <count>', 'most steps at each size')
    .option('--start <picture>', 'content or noise')
    .option('--colour <choice>', 'style, content-luminance or content-statistics')
    .option('--optimiser <name>', 'adam (default) or lbfgs')
    .option('--seed <number>', 'chooses the noise')
    .option('--threads <count>', 'threads within an operator', '2')
    .option('--fast', 'in one pass of a trained style, by its id')
    .option('--json', 'print one JSON object')
    .action(async (content: string, style: string, options: StylizeOptions) => {
      const { stylizeCommand } = await import('../commands/stylize.js')
      await stylizeCommand(content, style, options)
    })

  program
    .command('bench-style')
    .description('time style transfer beside TensorFlow.js, and the stylizers')
    .option('--size <pixels>', 'side of the picture', '256')
    .option('--backend <name>', 'wasm, cpu or node', 'wasm')
    .option('--steps <count>', 'gradients of the reference', '3')
    .option('--adam <steps>', 'also compare J with so many steps of Adam; 0 leaves it out', '0')
    .option('--threads <count>', 'threads within an operator', '2')
    .option('--door', 'how long decisions of the real daemon take, idle and while it paints')
    .option('--seconds <seconds>', 'with --door: of each phase', '30')
    .option('--rounds <count>', 'with --door: how often each phase comes', '3')
    .option('--json', 'print one JSON object')
    .action(async (options: BenchStyleOptions & BenchStyleDoorOptions & { door?: boolean }) => {
      if (options.door === true) {
        const { benchStyleDoor } = await import('../commands/bench-style-door.js')
        await benchStyleDoor(options)
        return
      }
      const { benchStyle } = await import('../commands/bench-style.js')
      await benchStyle(options)
    })

  const style = program.command('style').description('styles for the display')
  style
    .command('train <style>')
    .description('train a small net that gives any picture one style at display rate')
    .requiredOption('--images <folder>', 'pictures and clips to train on')
    .requiredOption('--id <id>', 'name of the stylizer')
    .option('--out <folder>', 'where <id>.onnx and <id>.json go', 'stylizers')
    .option('--minutes <minutes>', 'how long at most', '8')
    .option('--steps <count>', 'how many steps at most', '1500')
    .option('--size <pixels>', 'side of the squares trained on', '96')
    .option('--beta <weight>', 'β, how much the style counts', '80')
    .option('--stroke <scale>', 'size of the strokes', '1.25')
    .option('--seed <number>', 'chooses first weights and squares', '1')
    .option('--threads <count>', 'threads within an operator', '2')
    .action(async (picture: string, options: StyleTrainOptions) => {
      const { styleTrain } = await import('../commands/style-train.js')
      await styleTrain(picture, options)
    })
  style
    .command('gallery')
    .description('a contact sheet of one picture in every shipped style')
    .requiredOption('-o, --out <file>', 'PNG to write')
    .option('--content <file>', 'picture to restyle; a shipped one if not given')
    .option('--size <pixels>', 'longer side of each result', '256')
    .option('--threads <count>', 'threads within an operator', '2')
    .action(async (options: StyleGalleryOptions) => {
      const { styleGallery } = await import('../commands/style-gallery.js')
      await styleGallery(options)
    })
}
