import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { z } from 'zod'
import type { BoardProfile } from '../config/board.js'

/** One file of the system as it is and as the board's profile wants it. */
export interface SystemChange {
  /** Below `/`. */
  readonly path: string
  readonly why: string
  /** `null` where there is no such file yet. */
  readonly before: string | null
  readonly after: string
  readonly needsReboot: boolean
}

/** A change that is not to be made, and why. */
export interface PassedOver {
  readonly path: string
  readonly because: string
}

/** What applying a profile would change; empty `changes` where all is in place. */
export interface SystemPlan {
  readonly changes: readonly SystemChange[]
  readonly passedOver: readonly PassedOver[]
}

const BLOCK_BEGIN = '# genkan: begin'
const BLOCK_END = '# genkan: end'
/** Remembers what stood there before the first change, for the way back. */
const UNDO_FILE = join('var', 'lib', 'genkan-board', 'before.json')
const MAX_FILE_BYTES = 1024 * 1024

const undoSchema = z.record(z.string(), z.string().nullable())

function readText(path: string): string | null {
  if (!existsSync(path)) return null
  const bytes = readFileSync(path)
  if (bytes.length > MAX_FILE_BYTES) throw new Error(`${path} is too large to be changed safely`)
  return bytes.toString('utf8')
}

function withBlock(text: string, lines: readonly string[]): string {
  const block = [BLOCK_BEGIN, ...lines, BLOCK_END].join('\n')
  const begin = text.indexOf(`${BLOCK_BEGIN}\n`)
  const end = text.indexOf(BLOCK_END, begin)
  if (begin >= 0 && end < 0) {
    throw new Error(`a line "${BLOCK_BEGIN}" has no "${BLOCK_END}"; put it back or take it out`)
  }
  if (begin >= 0) return text.slice(0, begin) + block + text.slice(end + BLOCK_END.length)
  return `${text}${text === '' || text.endsWith('\n') ? '' : '\n'}${block}\n`
}

/**
 * What a profile would change below `root`. Reads only.
 * @throws Error when a file of the profile is missing, or a block in the system was broken by hand
 */
export function planChanges(profile: BoardProfile, root: string): SystemPlan {
  const changes: SystemChange[] = []
  const passedOver: PassedOver[] = []
  for (const { path, source, why } of profile.board.files) {
    const after = readFileSync(join(dirname(profile.path), source), 'utf8')
    const before = readText(join(root, path))
    if (before !== after) changes.push({ path, why, before, after, needsReboot: false })
  }
  for (const { path, lines, why, needsReboot } of profile.board.blocks) {
    const before = readText(join(root, path))
    if (before === null) {
      passedOver.push({ path, because: 'there is no such file on this system' })
      continue
    }
    const after = withBlock(before, lines)
    if (before !== after) changes.push({ path, why, before, after, needsReboot })
  }
  return { changes, passedOver }
}

/** Whole or not at all, also when the power goes. */
function writeWhole(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true })
  const next = `${path}.genkan-new`
  const descriptor = openSync(next, 'w', 0o644)
  try {
    writeSync(descriptor, text)
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
  renameSync(next, path)
  const folder = openSync(dirname(path), 'r')
  try {
    fsyncSync(folder)
  } finally {
    closeSync(folder)
  }
}

function readUndo(root: string): Record<string, string | null> {
  const text = readText(join(root, UNDO_FILE))
  return text === null ? {} : undoSchema.parse(JSON.parse(text))
}

/** Makes the changes of a plan. What stood there first is written down before anything changes. */
export function applyChanges({ changes }: SystemPlan, root: string): void {
  if (changes.length === 0) return
  const undo = readUndo(root)
  for (const { path, before } of changes) if (!(path in undo)) undo[path] = before
  writeWhole(join(root, UNDO_FILE), `${JSON.stringify(undo, null, 2)}\n`)
  for (const { path, after } of changes) writeWhole(join(root, path), after)
}

/** What else was written into the file since stays; `undefined` where it has no block of ours. */
function withoutBlock(text: string): string | undefined {
  const begin = text.indexOf(`${BLOCK_BEGIN}\n`)
  const end = text.indexOf(BLOCK_END, begin)
  if (begin < 0 || end < 0) return undefined
  return text.slice(0, begin) + text.slice(end + BLOCK_END.length).replace(/^\n/, '')
}

/**
 * Takes back every change: a file of ours gives way to what stood there before the first one, a block of
 * ours is taken out of its file.
 * @returns the paths that were put back
 */
export function revertChanges(root: string): string[] {
  const undo = readUndo(root)
  for (const [path, before] of Object.entries(undo)) {
    const target = join(root, path)
    if (before === null) {
      rmSync(target, { force: true })
      continue
    }
    const rest = withoutBlock(readText(target) ?? '')
    writeWhole(target, rest === undefined || rest === `${before}\n` ? before : rest)
  }
  rmSync(join(root, UNDO_FILE), { force: true })
  return Object.keys(undo)
}
