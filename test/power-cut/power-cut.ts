import { createHash } from 'node:crypto'
import { execFileSync, spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { copyFileSync, renameSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { revertChanges } from '../../src/board/system-changes.js'
import { openStore } from '../../src/store/store.js'
import { openSlots } from '../../src/update/slots.js'

/*
 * Cuts the power of a disk in use: `npm run test:power-cut -- 40` (root, loop devices, e2fsprogs).
 *
 * A disk image with ext4 is mounted and written to: decisions and enrolments into a store, versions
 * switched, board files applied and reverted, the configuration replaced. At a random moment the writers
 * are stopped and the image is copied as the device had received it until then: what the programs wrote
 * but the device never got is lost, as in a power cut. The copy is mounted, its journal replayed, and
 * looked through. The next round goes on from it.
 */
const rounds = Number(process.argv[2] ?? 40)
const IMAGE_MB = 48
const BOOT_TEXT = 'arm_64bit=1\n'
const here = dirname(fileURLToPath(import.meta.url))
const work = mkdtempSync(join(tmpdir(), 'genkan-power-cut-'))
const image = join(work, 'disk.img')
const root = join(work, 'disk')
const bootFile = join(root, 'boot', 'firmware', 'config.txt')
const run = (command: string, ...args: string[]) => execFileSync(command, args, { stdio: 'pipe' })

function start(script: string, ...args: string[]): { child: ChildProcess; said: () => string[] } {
  const child = spawn(process.execPath, [script, ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
  let text = ''
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
  return { child, said: () => text.split('\n').slice(0, -1) }
}

const hashOf = (path: string) => createHash('sha256').update(readFileSync(path)).digest('hex')

/** The kernel may still be writing: only two copies alike are one moment's. */
async function copyOfOneMoment(to: string): Promise<void> {
  for (let before = ''; ;) {
    copyFileSync(image, to)
    const hash = hashOf(to)
    if (hash === before) return
    before = hash
    await pause(20)
  }
}

const acknowledged = { decisions: [] as string[], persons: [] as string[] }
let slot = 0
let configuration = 0
/** Cuts that took what was written last and never synced. */
let unsyncedLost = 0
const faults: string[] = []

function examine(round: number): void {
  const note = (what: string) => faults.push(`cut ${round}: ${what}`)
  const store = openStore({ folder: join(root, 'data'), nowMs: Date.now })
  try {
    store.examine()
    const persons = new Set(store.persons.list().map(({ id }) => id))
    const templates = new Set(store.templates.gallery().map(({ personId }) => personId))
    const lost = acknowledged.decisions.filter((id) => store.decisions.get(id) === undefined)
    if (lost.length > 0) note(`${lost.length} acknowledged decisions lost`)
    const gone = acknowledged.persons.filter((id) => !persons.has(id) || !templates.has(id))
    if (gone.length > 0) note(`${gone.length} acknowledged enrolments lost`)
    const { pending } = store.outbox.stats()
    if (pending !== store.decisions.count()) note('decisions and messages differ in number')
    if (!store.audit.verify().intact) note('the audit is broken')
  } finally {
    store.close()
  }
  const slots = openSlots(join(root, 'releases'))
  slots.trial()
  const current = slots.current()
  if (slot > 0 && current === null) note('no version is in force')
  if (current !== null) {
    const number = Number(current.split('.')[2])
    if (number < slot) note(`version ${number} runs, ${slot} was switched to`)
    const text = readFileSync(join(slots.pathOf(current), 'version'), 'utf8')
    if (text !== current) note(`version ${current} holds ${JSON.stringify(text)}`)
    slot = number
  }
  const path = join(root, 'genkan.yaml')
  if (existsSync(path)) {
    const text = readFileSync(path, 'utf8')
    const number = Number(/^# (\d+)\n#{9000}\n$/.exec(text)?.[1])
    if (!(number >= configuration)) note(`configuration of ${text.length} bytes, ${number}`)
    configuration = number
  } else if (configuration > 0) note('the configuration is gone')
  const control = join(root, 'unsynced')
  const survived = existsSync(control) && readFileSync(control, 'utf8') === String(round)
  if (!survived) unsyncedLost++
  revertChanges(root)
  if (readFileSync(bootFile, 'utf8') !== BOOT_TEXT) note('the way back of the board is lost')
}

try {
  run('truncate', '-s', `${IMAGE_MB}M`, image)
  run('mkfs.ext4', '-q', image)
  mkdirSync(root)
  for (let round = 1; round <= rounds; round++) {
    run('mount', '-o', 'loop', image, root)
    if (!existsSync(bootFile)) {
      mkdirSync(dirname(bootFile), { recursive: true })
      writeFileSync(bootFile, BOOT_TEXT, { flush: true })
      run('sync', '-f', root)
    }
    const writers = [
      start(join(here, '..', 'store', 'writer.js'), join(root, 'data')),
      start(join(here, 'switcher.js'), root, String(slot + 1)),
    ]
    while (writers.some(({ said }) => said().length === 0)) await pause(10)
    await pause(Math.random() * 1500)
    for (const { child } of writers) child.kill('SIGSTOP')
    // What nobody syncs shows that a cut really takes something away.
    writeFileSync(join(root, 'unsynced'), String(round))
    const cut = join(work, 'cut.img')
    await copyOfOneMoment(cut)
    const ends = writers.map(({ child }) => new Promise((resolve) => child.once('close', resolve)))
    for (const { child } of writers) child.kill('SIGKILL')
    await Promise.all(ends)
    run('umount', root)
    renameSync(cut, image)
    for (const line of writers.flatMap(({ said }) => said())) {
      const [kind, id = ''] = line.split(' ')
      if (kind === 'decision') acknowledged.decisions.push(id)
      else if (kind === 'enrolment') acknowledged.persons.push(id)
      else if (kind === 'slot') slot = Number(id)
      else configuration = Number(id)
    }
    run('mount', '-o', 'loop', image, root)
    examine(round)
    run('umount', root)
    run('e2fsck', '-fn', image)
    const { decisions, persons } = acknowledged
    process.stdout.write(
      `cut ${round}: ${decisions.length} decisions, ${persons.length} enrolments, ` +
        `version ${slot}, ${faults.length} faults\n`,
    )
  }
} finally {
  try {
    run('umount', root)
  } catch {
    // Not mounted.
  }
  rmSync(work, { recursive: true, force: true })
}
process.stdout.write(faults.map((fault) => `${fault}\n`).join(''))
process.stdout.write(
  `${rounds} cuts, ${faults.length} faults; ` +
    `what was written last and never synced was lost in ${unsyncedLost} of them\n`,
)
if (unsyncedLost === 0) throw new Error('nothing was ever lost: these were no power cuts')
process.exitCode = faults.length === 0 ? 0 : 1
