import { spawn } from 'node:child_process'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

import t from 'tap'

import { openStore } from '../../src/store/store.js'
import { temporaryFolder } from './samples.js'

/** How often to kill; the long form of the fault tests asks for 100. */
const ROUNDS = Number(process.env['GENKAN_KILL_ROUNDS'] ?? 8)

const writer = join(dirname(fileURLToPath(import.meta.url)), 'writer.js')

/** Lets the writer write until killed; returns what it acknowledged. */
function writeAndKill(folder: string, afterLines: number): Promise<string[]> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [writer, folder], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let text = ''
    child.stdout.on('data', (chunk: Buffer) => {
      text += chunk.toString()
      if (text.split('\n').length > afterLines) child.kill('SIGKILL')
    })
    child.on('error', reject)
    child.on('close', (_code, signal) => {
      if (signal !== 'SIGKILL') reject(new Error(`the writer ended by itself (${String(signal)})`))
      else resolve(text.split('\n').slice(0, -1))
    })
  })
}

t.test('kill -9 while writing loses nothing that was acknowledged', async (t) => {
  const folder = join(temporaryFolder(t), 'data')
  const acknowledged: string[] = []
  for (let round = 0; round < ROUNDS; round++) {
    acknowledged.push(...(await writeAndKill(folder, 5 + Math.floor(Math.random() * 60))))
    const store = openStore({ folder, nowMs: Date.now })
    const persons = new Set(store.persons.list().map((person) => person.id))
    const templates = new Set(store.templates.gallery().map((entry) => entry.personId))
    const lost = acknowledged.filter((line) => {
      const [kind, id = ''] = line.split(' ')
      if (kind === 'decision') return store.decisions.get(id) === undefined
      return !persons.has(id) || !templates.has(id)
    })
    t.strictSame(lost, [])
    t.equal(
      store.outbox.stats().pending,
      store.decisions.count(),
      'every decision has its message, every message its decision',
    )
    t.equal(store.audit.verify().intact, true)
    store.close()
  }
  t.ok(acknowledged.length > 40, `${acknowledged.length} acknowledged rows`)
})
