import { appendFileSync, existsSync, readFileSync } from 'node:fs'
import { z } from 'zod'
import { LIVENESS_MODES } from '../../liveness/fusion.js'
import type { AttackTrial } from './play.js'

const resultSchema = z.object({
  granted: z.boolean(),
  outcomes: z.array(z.string().max(40)).max(1000),
  lifeEvents: z.int().min(0),
  challengePassed: z.boolean(),
  refusedBy: z.array(z.string().max(40)).max(100),
})
const trialSchema = z.object({
  setting: z.string().max(200),
  index: z.int().min(0),
  species: z.string().max(40),
  person: z.string().max(200),
  frames: z.int().min(0),
  framesWithFace: z.int().min(0),
  modes: z.partialRecord(z.enum(LIVENESS_MODES), resultSchema),
})

/** Played trials in a file, one JSON line each, so that a long run can be cut and gone on with. */
export interface TrialLog {
  /** What the file holds, each trial once. */
  readonly trials: readonly AttackTrial[]
  append(trial: AttackTrial): void
}

/**
 * Opens a file of trials, or begins one. A line that a kill cut short is dropped.
 * @param setting whatever makes trials comparable; all of a file must be of the same
 * @throws RangeError when a line is no trial or of another setting
 */
export function openTrialLog(file: string, setting: string): TrialLog {
  const text = existsSync(file) ? readFileSync(file, 'utf8') : ''
  if (text !== '' && !text.endsWith('\n')) appendFileSync(file, '\n')
  const trials = new Map<number, AttackTrial>()
  for (const [i, line] of text.split('\n').entries()) {
    const parsed = parseJson(line)
    if (parsed === undefined) continue
    const found = trialSchema.safeParse(parsed)
    if (!found.success) {
      throw new RangeError(`${file}, line ${i + 1}, is no trial: ${z.prettifyError(found.error)}`)
    }
    const { setting: own, ...trial } = found.data
    if (own !== setting) {
      throw new RangeError(`${file} is of “${own}”, not “${setting}”; name another file`)
    }
    trials.set(trial.index, trial)
  }
  return {
    trials: [...trials.values()],
    append(trial) {
      appendFileSync(file, `${JSON.stringify({ setting, ...trial })}\n`)
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
