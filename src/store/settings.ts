import type Database from 'better-sqlite3-multiple-ciphers'
import { z } from 'zod'

import type { AuditLog } from './audit.js'
import { parseInput } from './input.js'

/** What may change while the daemon runs; the configuration gives what is not set here. */
export const settingsSchema = z.strictObject({
  askAfterMs: z
    .int()
    .min(500)
    .max(60_000)
    .describe('Without evidence of life for this long, the display asks.'),
  targetFpir: z
    .number()
    .min(1e-6)
    .max(0.1)
    .describe('Rate of strangers taken for somebody enrolled, at most.'),
  nameOnKiosk: z
    .enum(['full', 'masked', 'none'])
    .describe('How the display at the door shows whom it let in.'),
  kioskLanguage: z.enum(['en', 'ja']).describe('Language of the display at the door.'),
  kioskSound: z.boolean().describe('Whether the display also says by sound how it ended.'),
  decisionsDays: z
    .int()
    .min(1)
    .max(36_500)
    .nullable()
    .describe('Decisions older than this are purged; null keeps them.'),
  picturesDays: z
    .int()
    .min(1)
    .max(36_500)
    .nullable()
    .describe('Enrolment crops older than this are purged, templates stay; null keeps them.'),
})
export type Settings = z.output<typeof settingsSchema>

const changeSchema = settingsSchema.partial()

/** The settings that differ from the configuration. */
export interface StoredSettings {
  /** Rows that today's genkan does not accept are left out. */
  all(): Partial<Settings>
  /** All or nothing; audits each name that is set. @throws StoreError `invalid-value` */
  change(change: Partial<Settings>, actor: string): void
  /** Gives a setting back to the configuration. `false` when it was not set. */
  reset(name: keyof Settings, actor: string): boolean
}

/** The {@link StoredSettings} of a database. */
export function createSettings(
  database: Database.Database,
  options: { audit: AuditLog },
): StoredSettings {
  const select = database.prepare<[], { name: string; value: string }>('SELECT * FROM settings')
  const upsert = database.prepare<[string, string]>(
    `INSERT INTO settings (name, value) VALUES (?, ?)
     ON CONFLICT (name) DO UPDATE SET value = excluded.value`,
  )

  const remove = database.prepare<[string]>('DELETE FROM settings WHERE name = ?')

  const reset = database.transaction((name: keyof Settings, actor: string): boolean => {
    if (remove.run(name).changes === 0) return false
    options.audit.append({ actor, action: 'settings.reset', subjectId: name })
    return true
  })

  const change = database.transaction((input: Partial<Settings>, actor: string) => {
    const valid = parseInput(changeSchema, input, 'settings')
    for (const [name, value] of Object.entries(valid)) {
      upsert.run(name, JSON.stringify(value))
      options.audit.append({ actor, action: 'settings.change', subjectId: name })
    }
  })

  return {
    all() {
      const found: Partial<Settings> = {}
      for (const { name, value } of select.all()) {
        const parsed = changeSchema.safeParse({ [name]: readJson(value) })
        if (parsed.success) Object.assign(found, parsed.data)
      }
      return found
    },
    change: (next, actor) => change.immediate(next, actor),
    reset: (name, actor) => reset.immediate(name, actor),
  }
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
