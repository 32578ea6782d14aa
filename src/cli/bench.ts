import type { Command } from 'commander'
import type { BenchApiOptions } from '../commands/bench-api.js'
import type { BenchFleetOptions } from '../commands/bench-fleet.js'
import type { BenchGalleryOptions } from '../commands/bench-gallery.js'
import type { BenchLearnOptions } from '../commands/bench-learn.js'
import type { BenchNetsOptions } from '../commands/bench-nets.js'
import type { BenchOptions } from '../commands/bench.js'
import type { SoakOptions } from '../commands/soak.js'
import type { WithSetup } from './with-setup.js'

/** Commands that measure time and memory. */
export function addBenchCommands(program: Command, withSetup: WithSetup): void {
  withSetup(program.command('bench'))
    .description(
      'time the line on real frames, by stage; an idle door, arrivals and cold starts; then genkan and its peers in turns',
    )
    .option('--frames <count>', 'frames to judge', '600')
    .option('--persons <count>', 'K, persons enrolled', '1000')
    .option('--idle-seconds <seconds>', 'of the daemon with nobody there; 0 leaves it out', '30')
    .option('--starts <count>', 'cold starts of the daemon', '5')
    .option('--rounds <count>', 'turns of genkan and each peer; 0 leaves peers out', '5')
    .option('--peer-frames <count>', 'frames a turn', '6')
    .option('--scenes <count>', 'with peers, beginning with one face at 640×480', '4')
    .option('--watts-per-core <watts>', 'what a busy core draws, for the energy estimate', '5')
    .option('--json', 'print one JSON object')
    .action(async (options: BenchOptions) => {
      const { bench } = await import('../commands/bench.js')
      await bench(options)
    })

  withSetup(program.command('bench-nets'))
    .description('time encoder, texture net and detector beside their packages’ own, by operator')
    .option('--rounds <count>', 'how often each runs over ten inputs', '20')
    .option('--json', 'print one JSON array')
    .action(async (options: BenchNetsOptions) => {
      const { benchNets } = await import('../commands/bench-nets.js')
      await benchNets(options)
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
    .command('bench-fleet')
    .description(
      'a fleet on a PostgreSQL and a Mosquitto of its own: a new kiosk, and news to many',
    )
    .option('--persons <count>', 'that a new kiosk reads; 0 leaves it out', '100000')
    .option('--replicas <count>', 'simulated replicas that news go to; 0 leaves them out', '1000')
    .option('--processes <count>', 'that hold the replicas', '2')
    .option('--rounds <count>', 'enrolments and revocations', '10')
    .option('--json', 'print one JSON object')
    .action(async (options: BenchFleetOptions) => {
      const { benchFleet } = await import('../commands/bench-fleet.js')
      await benchFleet(options)
    })

  program
    .command('bench-api')
    .description('ask the API of a running daemon while frames are judged, beside one left alone')
    .option('--seconds <seconds>', 'of each phase, idle and asked in turn', '60')
    .option('--rounds <count>', 'how often each phase comes', '2')
    .option('--rate <count>', 'requests a second', '50')
    .option('--json', 'print one JSON object')
    .action(async (options: BenchApiOptions) => {
      const { benchApi } = await import('../commands/bench-api.js')
      await benchApi(options)
    })

  program
    .command('bench-learn')
    .description('learn from a crowd beside a running daemon: time, memory, and its decisions')
    .option('--persons <count>', 'enrolled and learnt from', '500')
    .option('--pictures <count>', 'of each', '3')
    .option('--epochs <count>', 'passes over the persons', '20')
    .option('--alter <list>', 'as genkan learn alters them', 'all')
    .option('--seconds <seconds>', 'of each phase, alone and beside learning in turn', '60')
    .option('--rounds <count>', 'how often each phase comes', '3')
    .option('--json', 'print one JSON object')
    .action(async (options: BenchLearnOptions) => {
      const { benchLearn } = await import('../commands/bench-learn.js')
      await benchLearn(options)
    })

  program
    .command('soak')
    .description('run the daemon on its replay and watch its memory')
    .option('--minutes <minutes>', 'how long', '10')
    .option(
      '--busy',
      'texture alone, no rest after a decision: a day’s attempts in less than an hour',
    )
    .option('--json', 'print one JSON object')
    .action(async (options: SoakOptions) => {
      const { soak } = await import('../commands/soak.js')
      await soak(options)
    })
}
