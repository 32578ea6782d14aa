import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { detectBoard } from '../board/detect.js'
import { applyChanges, planChanges, revertChanges } from '../board/system-changes.js'
import type { SystemChange } from '../board/system-changes.js'
import { readBoardProfile } from '../config/board.js'
import type { Board } from '../config/board.js'
import { CommandError } from './command-error.js'

export interface BoardOptions {
  readonly root: string
  readonly json?: boolean
  readonly dryRun?: boolean
}

function nameOrDetected(name: string | undefined, root: string): string {
  const found = name ?? detectBoard({ root })?.name
  if (found === undefined) {
    throw new CommandError(
      'bad-input',
      'no profile knows this board; name one: genkan board show NAME',
    )
  }
  return found
}

/** `genkan board detect`. @returns the exit code: 1 where no profile fits */
export function detect(options: BoardOptions): number {
  const found = detectBoard({ root: options.root })
  if (options.json === true) process.stdout.write(`${JSON.stringify(found ?? null)}\n`)
  else if (found) process.stdout.write(`${found.name}: ${found.because}\n`)
  else process.stdout.write('no profile knows this board\n')
  return found ? 0 : 1
}

/** `genkan board show [NAME]`. */
export function show(name: string | undefined, options: BoardOptions): void {
  const profile = readBoardProfile(nameOrDetected(name, options.root))
  const { board, config } = profile
  if (options.json === true) {
    process.stdout.write(`${JSON.stringify({ board, config })}\n`)
    return
  }
  const line = (what: string, pin: Board['relay']) =>
    pin
      ? `${what}: ${pin.chip} line ${pin.line}, ${pin.header}\n  ${pin.note}\n`
      : `${what}: none\n`
  process.stdout.write(
    [
      `${board.name}\n\n${board.note}\n\n`,
      line('relay', board.relay),
      line('door contact', board.contact),
      ...board.files.map(({ path, why }) => `lays ${path}: ${why}\n`),
      ...board.blocks.map(({ path, why }) => `adds to ${path}: ${why}\n`),
      `\nconfiguration: ${JSON.stringify(config)}\n`,
    ].join(''),
  )
}

/** The change as `diff -u` shows it. */
function unified({ path, before, after }: SystemChange): string {
  const folder = mkdtempSync(join(tmpdir(), 'genkan-board-'))
  try {
    const [old, next] = [join(folder, 'before'), join(folder, 'after')]
    writeFileSync(old, before ?? '')
    writeFileSync(next, after)
    const labels = [`--label=${before === null ? '/dev/null' : path}`, `--label=${path}`]
    execFileSync('diff', ['-u', ...labels, old, next])
    return ''
  } catch (error) {
    // diff says by its exit code 1 that the files differ.
    const { stdout } = error as { stdout?: Buffer }
    if (stdout === undefined) throw error
    return stdout.toString()
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** `genkan board apply [NAME]`: with `--dry-run` exactly what would change, and nothing else. */
export function apply(name: string | undefined, options: BoardOptions): void {
  const profile = readBoardProfile(nameOrDetected(name, options.root))
  const plan = planChanges(profile, options.root)
  if (options.json === true) {
    process.stdout.write(`${JSON.stringify({ dryRun: options.dryRun === true, ...plan })}\n`)
  } else {
    for (const change of plan.changes) process.stdout.write(`# ${change.why}\n${unified(change)}\n`)
    for (const { path, because } of plan.passedOver) {
      process.stdout.write(`# passed over: ${path}, ${because}\n`)
    }
    if (plan.changes.length === 0) process.stdout.write('everything is in place\n')
  }
  if (options.dryRun === true) return
  try {
    applyChanges(plan, options.root)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EACCES') throw error
    throw new CommandError('bad-input', 'these files belong to root; run it with sudo')
  }
  if (options.json !== true && plan.changes.length > 0) {
    const reboot = plan.changes.some(({ needsReboot }) => needsReboot)
    process.stdout.write(
      `applied; ${reboot ? 'reboot the board' : 'then: systemctl daemon-reload && udevadm trigger'}; the way back: genkan board revert\n`,
    )
  }
}

/** `genkan board revert`: everything as it was before the first `apply`. */
export function revert(options: BoardOptions): void {
  const paths = revertChanges(options.root)
  if (options.json === true) process.stdout.write(`${JSON.stringify({ reverted: paths })}\n`)
  else if (paths.length === 0) process.stdout.write('nothing was applied\n')
  else process.stdout.write(`put back: ${paths.join(', ')}\n`)
}
