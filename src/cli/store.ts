import type { Command } from 'commander'
import type {
  AuditVerifyOptions,
  BackupOptions,
  PurgeOptions,
  RestoreOptions,
  RotateKeyOptions,
} from '../commands/store.js'
import type { WithSetup } from './with-setup.js'

/** Commands on the store: copies, key, retention, audit. */
export function addStoreCommands(program: Command, withSetup: WithSetup): void {
  const passphrase = ['--passphrase-file <file>', 'file whose first line is a passphrase'] as const
  withSetup(program.command('backup <file>'))
    .description('copy the store, encrypted with its key, and verify the copy')
    .option(...passphrase)
    .option('--json', 'print JSON')
    .action(async (file: string, options: BackupOptions) => {
      const { backup } = await import('../commands/store.js')
      await backup(file, options)
    })
  withSetup(program.command('restore <file>'))
    .description('verify a backup and put it in the place of the store, which is kept aside')
    .option(...passphrase)
    .option('--key-file <file>', 'the key the backup was made with, if it is not the key of today')
    .option('--verify-only', 'change nothing')
    .option('--json', 'print JSON')
    .action(async (file: string, options: RestoreOptions) => {
      const { restore } = await import('../commands/store.js')
      await restore(file, options)
    })
  withSetup(program.command('rotate-key'))
    .description('encrypt the store anew with another key; genkan must not run')
    .option('--new-key-file <file>', 'a key made elsewhere; one is made if not given')
    .option('--json', 'print JSON')
    .action(async (options: RotateKeyOptions) => {
      const { rotate } = await import('../commands/store.js')
      rotate(options)
    })
  withSetup(program.command('purge'))
    .description('remove decisions and pictures that are beyond their time')
    .option('--dry-run', 'only count them')
    .option('--json', 'print JSON')
    .action(async (options: PurgeOptions) => {
      const { purge } = await import('../commands/store.js')
      await purge(options)
    })
  const audit = program.command('audit').description('the record of who did what')
  withSetup(audit.command('verify'))
    .description('find a changed, removed, re-ordered or cut row: exit code 0 intact, 1 broken')
    .option('--head <number:hash>', 'an end of the chain noted earlier, which must lie on it')
    .option('--json', 'print JSON')
    .action(async (options: AuditVerifyOptions) => {
      const { auditVerify } = await import('../commands/store.js')
      process.exitCode = auditVerify(options)
    })
}
