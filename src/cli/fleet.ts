import type { Command } from 'commander'
import type {
  FleetAdmitOptions,
  FleetNextOptions,
  FleetRolloutOptions,
} from '../commands/fleet-doors.js'
import type {
  FleetAuditOptions,
  FleetInviteOptions,
  FleetNameOptions,
  FleetOptions,
} from '../commands/fleet.js'
import type { WithSetup } from './with-setup.js'

/** Commands on a fleet of doors over PostgreSQL (`store.fleet`). */
export function addFleetCommands(program: Command, withSetup: WithSetup): void {
  const fleet = program
    .command('fleet')
    .alias('fleet-admin')
    .description('doors that share persons over PostgreSQL')
  const json = ['--json', 'print JSON'] as const
  const name = [
    '--name <name>',
    'name of this kiosk in the fleet; the host’s if not given',
  ] as const

  withSetup(fleet.command('init'))
    .description('begin a fleet in an empty database, with everybody who is enrolled here')
    .option(...name)
    .option(...json)
    .action(async (options: FleetNameOptions) => {
      const { fleetInit } = await import('../commands/fleet.js')
      await fleetInit(options)
    })
  withSetup(fleet.command('invite'))
    .description('print an invitation for one kiosk; keep it as secret as a key')
    .option('--hours <hours>', 'how long it is good', '24')
    .option(...json)
    .action(async (options: FleetInviteOptions) => {
      const { fleetInvite } = await import('../commands/fleet.js')
      await fleetInvite(options)
    })
  withSetup(fleet.command('join <invitation>'))
    .description('join a fleet, with everybody who is enrolled here')
    .option(...name)
    .option(...json)
    .action(async (invitation: string, options: FleetNameOptions) => {
      const { fleetJoin } = await import('../commands/fleet.js')
      await fleetJoin(invitation, options)
    })
  withSetup(fleet.command('leave'))
    .description('forget the fleet and keep everybody here; genkan must not run')
    .option(...json)
    .action(async (options: FleetOptions) => {
      const { fleetLeave } = await import('../commands/fleet.js')
      fleetLeave(options)
    })
  withSetup(fleet.command('members'))
    .description('list the kiosks with what each last said of itself')
    .option(...json)
    .action(async (options: FleetOptions) => {
      const { fleetMembers } = await import('../commands/fleet.js')
      await fleetMembers(options)
    })
  withSetup(fleet.command('remove <kiosk>'))
    .description('take a lost or stolen kiosk out: the others get a new key')
    .option(...json)
    .action(async (kiosk: string, options: FleetOptions) => {
      const { fleetRemove } = await import('../commands/fleet.js')
      await fleetRemove(kiosk, options)
    })
  withSetup(fleet.command('admit <kiosk> [groups...]'))
    .description('say which groups a door admits; it holds there as soon as the door hears of it')
    .option('--everybody', 'admit whoever is enrolled')
    .option('--nobody', 'admit nobody')
    .option(...json)
    .action(async (kiosk: string, groups: string[], options: FleetAdmitOptions) => {
      const { fleetAdmit } = await import('../commands/fleet-doors.js')
      await fleetAdmit(kiosk, groups, options)
    })
  addRolloutCommands(fleet, withSetup)
  withSetup(fleet.command('reencode'))
    .description(
      'show the encoders of a roll-out the pictures of kiosks that do not do so themselves',
    )
    .option(...json)
    .action(async (options: FleetOptions) => {
      const { fleetReencode } = await import('../commands/fleet-doors.js')
      await fleetReencode(options)
    })
  withSetup(fleet.command('reseal'))
    .description('go on sealing the record with the newest key, where a removal was cut off')
    .option(...json)
    .action(async (options: FleetOptions) => {
      const { fleetReseal } = await import('../commands/fleet.js')
      await fleetReseal(options)
    })
  withSetup(fleet.command('audit'))
    .description('list what was done at every door, newest first, and check each chain')
    .option('--limit <count>', 'rows to list', '50')
    .option(...json)
    .action(async (options: FleetAuditOptions) => {
      const { fleetAudit } = await import('../commands/fleet.js')
      await fleetAudit(options)
    })
  withSetup(fleet.command('status'))
    .description('say how this kiosk stands to the record')
    .option(...json)
    .action(async (options: FleetOptions) => {
      const { fleetStatus } = await import('../commands/fleet.js')
      await fleetStatus(options)
    })
}

function addRolloutCommands(fleet: Command, withSetup: WithSetup): void {
  const rollout = fleet
    .command('rollout')
    .description(
      'bring the doors to another encoder, stage by stage, without anybody enrolling anew',
    )
  const json = ['--json', 'print JSON'] as const
  const more = (value: string, before: readonly string[]) => [...before, value]

  withSetup(rollout.command('start <encoder>'))
    .description('let every kiosk show its pictures to an encoder; no door uses it yet')
    .option(
      '--stage <kiosks>',
      'kiosks of a stage, with commas; once a stage, all others come last',
      more,
      [],
    )
    .option(...json)
    .action(async (encoder: string, options: FleetRolloutOptions) => {
      const { fleetRolloutStart } = await import('../commands/fleet-doors.js')
      await fleetRolloutStart(encoder, options)
    })
  withSetup(rollout.command('next'))
    .description('let the next stage use it, where every door that has it is well')
    .option('--force', 'also where one is not')
    .option(...json)
    .action(async (options: FleetNextOptions) => {
      const { fleetRolloutNext } = await import('../commands/fleet-doors.js')
      await fleetRolloutNext(options)
    })
  withSetup(rollout.command('back'))
    .description('let every door use the encoder of before')
    .option(...json)
    .action(async (options: FleetOptions) => {
      const { fleetRolloutBack } = await import('../commands/fleet-doors.js')
      await fleetRolloutBack(options)
    })
  withSetup(rollout.command('status'))
    .description('say how far it is, and what speaks against going on')
    .option(...json)
    .action(async (options: FleetOptions) => {
      const { fleetRolloutStatus } = await import('../commands/fleet-doors.js')
      await fleetRolloutStatus(options)
    })
}
