import type { Command } from 'commander'
import type { BenchGalleryOptions } from '../commands/bench-gallery.js'
import type { BenchOptions } from '../commands/bench.js'
import type { SoakOptions } from '../commands/soak.js'
import type { WithSetup } from './with-setup.js'

/** Commands that measure time and memory. */
export function addBenchCommands(program: Command, withSetup: WithSetup): void {
  withSetup(program.command('bench'))
    .description('time the line on real frames, by stage')
    .option('--frames <count>', 'frames to judge', '600')
    .option('--persons <count>', 'K, persons enrolled', '1000')
    .option('--json', 'print one JSON object')
    .action(async (options: BenchOptions) => {
      const { bench } = await import('../commands/bench.js')
      await bench(options)
    })

  program
    .command('bench-gallery')
    .description('time exact 1:K search beside a plain loop, and usearch where it is installed')
    .option('--sizes <list>', 'templates', '1000,100000,1000000')
    .option('--json', 'print one JSON object')
    .action(async (options: BenchGalleryOptions) => {
      const { benchGalleryCommand } = await import('../commands/bench-gallery.js')
      await benchGalleryCommand(options)
    })

  program
    .command('soak')
    .description('run the daemon on its replay and watch its memory')
    .option('--minutes <minutes>', 'how long', '10')
    .option('--json', 'print one JSON object')
    .action(async (options: SoakOptions) => {
      const { soak } = await import('../commands/soak.js')
      await soak(options)
    })
}
