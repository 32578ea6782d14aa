import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { z } from 'zod'
import { TRIPLET_CHOICES } from '../learning/mine-triplets.js'

const intervalSchema = { low: z.number(), high: z.number() }
const rateSchema = z.object({ fnmr: z.number(), thresholdSq: z.number(), ...intervalSchema })
const rowSchema = z.object({
  /** `null` for the encoder as shipped. */
  triplets: z.enum(TRIPLET_CHOICES).nullable(),
  alterations: z.array(z.string()),
  /** What the persons held out of the folder that was learnt from say, and why. */
  adopted: z.boolean().nullable(),
  reason: z.string().nullable(),
  activeShare: z.number().nullable(),
  /** All pairs of the people who are only reported on, before and after. */
  pairs: z
    .object({
      fmr: z.number(),
      persons: z.number(),
      genuinePairs: z.number(),
      impostorPairs: z.number(),
      before: rateSchema,
      after: rateSchema,
      difference: z.object({ estimate: z.number(), ...intervalSchema }),
    })
    .nullable(),
  /** Claims of those people, by how they were enrolled. */
  enrolment: z.record(
    z.string(),
    z.object({
      persons: z.number(),
      matedProbes: z.number(),
      nonMatedClaims: z.number(),
      fmr: z.number(),
      fnmr: z.number(),
      ...intervalSchema,
    }),
  ),
})
const lineSchema = z.object({ setting: z.string(), row: rowSchema })

/** One way to learn, and what came of it. */
export type LearningRow = z.infer<typeof rowSchema>

/** Finished rows in a file, one JSON line each, so that a long run can be cut and gone on with. */
export interface RowLog {
  find(
    name: Pick<LearningRow, 'alterations'> & { triplets: string | null },
  ): LearningRow | undefined
  append(row: LearningRow): LearningRow
}

/**
 * Opens a file of rows, or begins one. Rows of another setting, and a line that a kill cut short, are
 * passed over.
 * @param file `undefined` keeps nothing
 * @param setting whatever makes rows comparable
 */
export function openRowLog(file: string | undefined, setting: string): RowLog {
  const text = file !== undefined && existsSync(file) ? readFileSync(file, 'utf8') : ''
  if (file !== undefined) mkdirSync(dirname(file), { recursive: true })
  if (file !== undefined && text !== '' && !text.endsWith('\n')) appendFileSync(file, '\n')
  const rows = text.split('\n').flatMap((line) => {
    const found = lineSchema.safeParse(parseJson(line))
    return found.success && found.data.setting === setting ? [found.data.row] : []
  })
  return {
    find: ({ triplets, alterations }) =>
      rows.find(
        (row) => row.triplets === triplets && row.alterations.join() === alterations.join(),
      ),
    append(row) {
      if (file !== undefined) appendFileSync(file, `${JSON.stringify({ setting, row })}\n`)
      return row
    },
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
