/**
 * Commands that this installation has not. A checkout has them all; a package lays its own list in place
 * of this module.
 */
export const WITHHELD_COMMANDS: readonly string[] = []
