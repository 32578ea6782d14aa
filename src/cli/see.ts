import type { Command } from 'commander'
import type { SeeOptions } from '../commands/see.js'

/** Commands that look into the nets. */
export function addSeeCommand(program: Command): void {
  program
    .command('see <folder>')
    .description('what a unit of a net sees: the nine patches of a folder that excite it most')
    .option('--model <id>', 'the style network or a face encoder', 'inception-style')
    .option('--layer <name>', 'layer; without it the layers are listed')
    .option('--unit <number>', 'unit of the layer', '0')
    .option('-o, --out <file>', 'contact sheet to write', 'sheet.png')
    .option('--json', 'print JSON')
    .action(async (folder: string, options: SeeOptions) => {
      const { seeCommand } = await import('../commands/see.js')
      await seeCommand(folder, options)
    })
}
