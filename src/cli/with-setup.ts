import type { Command } from 'commander'

/** Gives a command the options that say which configuration holds. */
export type WithSetup = (command: Command) => Command

export const withSetup: WithSetup = (command) =>
  command
    .option('-c, --config <file>', 'configuration file (default: genkan.yaml if it is there)')
    .option('-b, --board <name>', 'board profile of firmware-config/')
