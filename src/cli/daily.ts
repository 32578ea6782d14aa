import type { Command } from 'commander'
import type { AgeingOptions } from '../commands/ageing.js'
import type { DoctorOptions } from '../commands/doctor.js'
import type { EventsOptions } from '../commands/events.js'
import type { EnrollOptions } from '../commands/enroll.js'
import type { FaceCommandOptions } from '../commands/faces.js'
import type { RunOptions } from '../commands/run.js'
import type { WithSetup } from './with-setup.js'

/** Commands of every day: run the door, look at it, enrol and recognise. */
export function addDailyCommands(program: Command, withSetup: WithSetup): void {
  withSetup(program.command('run'))
    .description('run the daemon')
    .action(async (options: RunOptions) => {
      const { runDaemon } = await import('./run-daemon.js')
      process.exitCode = await runDaemon(options)
    })

  withSetup(program.command('doctor'))
    .description(
      'check camera, models, store, broker, clock and disk, and say the cure of each fault',
    )
    .option('--json', 'print JSON')
    .action(async (options: DoctorOptions) => {
      const { doctor } = await import('../commands/doctor.js')
      process.exitCode = await doctor(options)
    })

  program
    .command('config')
    .description('print the documented example configuration')
    .action(async () => {
      const { exampleFile } = await import('../config/document.js')
      process.stdout.write(exampleFile())
    })

  withSetup(program.command('enroll <name> <pictures...>'))
    .description('enrol a person from one to ten pictures')
    .option('--templates <count>', 'keep at most so many of them', '3')
    .option('--json', 'print JSON')
    .action(async (name: string, pictures: string[], options: EnrollOptions) => {
      const { enroll } = await import('../commands/enroll.js')
      await enroll(name, pictures, options)
    })

  const ageing = program
    .command('ageing')
    .description('pictures of grants as templates (learning.ageing)')
  withSetup(ageing.command('list'))
    .description('pictures that wait for review')
    .option('--json', 'print JSON')
    .action(async (options: AgeingOptions) => {
      const { listCandidates } = await import('../commands/ageing.js')
      listCandidates(options)
    })
  withSetup(ageing.command('accept <id>'))
    .description('make a template of one')
    .option('--json', 'print JSON')
    .action(async (id: string, options: AgeingOptions) => {
      const { acceptCandidate } = await import('../commands/ageing.js')
      acceptCandidate(id, options)
    })
  withSetup(ageing.command('reject <id>'))
    .description('remove one for good')
    .option('--json', 'print JSON')
    .action(async (id: string, options: AgeingOptions) => {
      const { rejectCandidate } = await import('../commands/ageing.js')
      rejectCandidate(id, options)
    })
  withSetup(ageing.command('undo [person-id]'))
    .description('remove every template that came from a grant')
    .option('--json', 'print JSON')
    .action(async (personId: string | undefined, options: AgeingOptions) => {
      const { undoAgeing } = await import('../commands/ageing.js')
      undoAgeing(personId, options)
    })

  withSetup(program.command('identify <pictures...>'))
    .description('say who is in each picture, out of everybody enrolled')
    .option('--json', 'print one JSON line a picture')
    .action(async (pictures: string[], options: FaceCommandOptions) => {
      const { identify } = await import('../commands/faces.js')
      await identify(pictures, options)
    })

  withSetup(program.command('verify <person-id> <picture>'))
    .description('say whether a picture shows the claimed person: exit code 0 same, 3 different')
    .option('--json', 'print JSON')
    .action(async (personId: string, picture: string, options: FaceCommandOptions) => {
      const { verify } = await import('../commands/faces.js')
      process.exitCode = await verify(personId, picture, options)
    })

  withSetup(program.command('events'))
    .description("print every door's events as they arrive")
    .option('--url <url>', 'broker, such as mqtt://127.0.0.1:1883')
    .option('--json', 'print the payloads as they came')
    .action(async (options: EventsOptions) => {
      const { printDoorEvents } = await import('../commands/events.js')
      await printDoorEvents(options)
    })

  program
    .command('asyncapi')
    .description('print what is on the wire, as an AsyncAPI 3 document')
    .action(async () => {
      const { asyncApiText } = await import('../commands/asyncapi.js')
      process.stdout.write(asyncApiText())
    })

  withSetup(program.command('ha-remove'))
    .description('take the door out of Home Assistant')
    .action(async (options: RunOptions) => {
      const { removeFromHomeAssistant } = await import('../commands/ha-remove.js')
      process.stdout.write(`${await removeFromHomeAssistant(options)}\n`)
    })
}
