import { z } from '@hono/zod-openapi'
import type { Context } from 'hono'

import type { CopyReport } from '../../store/copy-database.js'
import { StoreError } from '../../store/store-error.js'
import type { StoreErrorCode } from '../../store/store-error.js'
import { adminRoute } from '../access.js'
import { actorOf } from '../auth.js'
import type { AdminApp, AdminEnvironment } from '../environment.js'
import type { AdminPorts } from '../ports.js'
import { AdminProblem, problemResponses } from '../problems.js'

const tags = ['Backup']

/** Bodies of any size go to these, straight to the disk; and they take their time. */
export const BACKUP_PATHS = ['/api/backups', '/api/backups/verify', '/api/restore'] as const

const passphrase = z.string().min(12).max(1024)

const passphraseHeader = z.object({
  'genkan-passphrase': z.string().max(9216).optional().openapi({
    description: 'Percent-encoded words that the backup was made with, if any.',
  }),
})

const bytes = {
  'application/octet-stream': { schema: { type: 'string', format: 'binary' } },
} as const

/** What a backup holds. */
export const reportSchema = z
  .object({
    persons: z.int(),
    templates: z.int(),
    decisions: z.int(),
    schemaVersion: z.int(),
    auditHead: z.string().openapi({ description: 'NUMBER:HASH of its last audit row.' }),
    bytes: z.int(),
  })
  .openapi('BackupReport')

const report = {
  description: 'Every page, reference and audit row was read; this is what it holds.',
  content: { 'application/json': { schema: reportSchema } },
}

const make = adminRoute('admin', {
  method: 'post',
  path: '/api/backups',
  summary: 'Make a whole, examined copy of the store',
  description:
    'Encrypted with the passphrase, so that any machine can read it, or else with the key of this store.',
  tags,
  request: {
    body: {
      required: true,
      content: {
        'application/json': {
          schema: z.strictObject({ passphrase: passphrase.optional() }).openapi('BackupOrder'),
        },
      },
    },
  },
  responses: {
    200: { description: 'The backup.', content: bytes },
    ...problemResponses('disk-full', 'unsupported-media-type', 'body-too-large'),
  },
})

const verify = adminRoute('admin', {
  method: 'post',
  path: '/api/backups/verify',
  summary: 'Examine a backup',
  tags,
  request: { headers: passphraseHeader, body: { required: true, content: bytes } },
  responses: {
    200: report,
    ...problemResponses(
      'backup-unreadable',
      'backup-too-new',
      'disk-full',
      'unsupported-media-type',
    ),
  },
})

const restore = adminRoute('admin', {
  method: 'post',
  path: '/api/restore',
  summary: 'Examine a backup and lay it ready for the next start',
  description:
    'The database of today is kept aside then. Persons erased since the backup are erased again.',
  tags,
  request: { headers: passphraseHeader, body: { required: true, content: bytes } },
  responses: {
    202: { ...report, description: 'It takes effect at the next start.' },
    ...problemResponses(
      'backup-unreadable',
      'backup-too-new',
      'disk-full',
      'unsupported-media-type',
    ),
  },
})

const waiting = adminRoute('admin', {
  method: 'get',
  path: '/api/restore',
  summary: 'Whether a restore waits for the next start',
  tags,
  responses: {
    200: {
      description: 'Whether one waits.',
      content: {
        'application/json': { schema: z.object({ waits: z.boolean() }).openapi('RestoreState') },
      },
    },
    ...problemResponses(),
  },
})

function present({ persons, templates, decisions, schemaVersion, auditHead, bytes }: CopyReport) {
  const head = `${auditHead.sequence}:${auditHead.hash}`
  return { persons, templates, decisions, schemaVersion, auditHead: head, bytes }
}

function passphraseOf(header: string | undefined): string | undefined {
  if (header === undefined) return undefined
  try {
    const parsed = passphrase.safeParse(decodeURIComponent(header))
    if (parsed.success) return parsed.data
  } catch {
    // Not percent-encoded: refused below.
  }
  throw new AdminProblem('bad-request', {
    cause: 'Genkan-Passphrase must be 12 to 1024 characters, percent-encoded.',
  })
}

function contentOf(c: Context<AdminEnvironment>): ReadableStream<Uint8Array> {
  const type = (c.req.header('Content-Type') ?? '').split(';')[0]?.trim().toLowerCase()
  if (type !== 'application/octet-stream') throw new AdminProblem('unsupported-media-type')
  return c.req.raw.body ?? new Blob([]).stream()
}

const UNREADABLE: readonly StoreErrorCode[] = [
  'wrong-key',
  'corrupt',
  'corrupt-row',
  'database-missing',
]

/** Paths in the store's words stay inside; the code says enough. */
async function readable<T>(work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    if (!(error instanceof StoreError)) throw error
    if (error.code === 'newer-schema') throw new AdminProblem('backup-too-new')
    if (UNREADABLE.includes(error.code)) throw new AdminProblem('backup-unreadable')
    throw error
  }
}

/** Copies of the store, and the way back. */
export function addBackupRoutes(app: AdminApp, ports: AdminPorts): void {
  const { backups } = ports

  app.openapi(make, async (c) => {
    const copy = await backups.make(c.req.valid('json').passphrase, actorOf(c))
    const day = new Date().toISOString().slice(0, 10)
    return c.body(copy.content, 200, {
      'Content-Type': 'application/octet-stream',
      'Content-Length': String(copy.bytes),
      'Content-Disposition': `attachment; filename="genkan-${day}.backup"`,
    })
  })

  app.openapi(verify, async (c) => {
    const words = passphraseOf(c.req.valid('header')['genkan-passphrase'])
    return c.json(present(await readable(backups.verify(contentOf(c), words))), 200)
  })

  app.openapi(restore, async (c) => {
    const words = passphraseOf(c.req.valid('header')['genkan-passphrase'])
    const staged = await readable(backups.stageRestore(contentOf(c), words, actorOf(c)))
    return c.json(present(staged), 202)
  })

  app.openapi(waiting, (c) => c.json({ waits: backups.restoreIsStaged() }, 200))
}
