import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

import t from 'tap'

import { openStore } from '../../src/store/store.js'
import { headBody, temporaryFolder } from './samples.js'

const ADOPTER = fileURLToPath(new URL('./adopter.js', import.meta.url))
// Five processes are started and killed.
t.setTimeout(240_000)

const ROUNDS = Number(process.env['GENKAN_KILL_ROUNDS'] ?? 4)

/** Runs the adopter until it is killed; what it acknowledged. */
function adoptAndDie(folder: string, afterHeads: number, mode = ''): Promise<string[]> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [ADOPTER, folder, mode], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let text = ''
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk
      const heads = text.split('\n').length - 1
      // At some moment of the next ones, not just after one.
      if (heads >= afterHeads) setTimeout(() => child.kill('SIGKILL'), Math.random() * 20)
    })
    child.once('close', (_code, signal) => {
      if (signal === 'SIGKILL') resolve(text.split('\n').slice(0, -1))
      else reject(new Error(`the adopter ended by itself (${signal})`))
    })
  })
}

function inForce(folder: string) {
  const store = openStore({ folder, nowMs: Date.now, role: 'command' })
  try {
    store.examine()
    return { head: store.learntHeads.inForce('projection'), intact: store.audit.verify().intact }
  } finally {
    store.close()
  }
}

t.test(
  'kill -9 while heads are adopted: the old one is in force or the new one, whole',
  async (t) => {
    const folder = temporaryFolder(t)
    openStore({ folder, nowMs: Date.now }).close()
    for (let round = 0; round < ROUNDS; round++) {
      const adopted = await adoptAndDie(folder, 1 + Math.floor(Math.random() * 10))
      const { head, intact } = inForce(folder)
      const last = adopted.at(-1)
      t.ok(head?.id === last || head?.previousId === last, 'the last one told of, or the one after')
      const { index } = JSON.parse(head?.body ?? '') as { index: number }
      t.ok([adopted.length - 1, adopted.length].includes(index))
      t.equal(head?.body, headBody(index), 'whole')
      t.ok(intact, 'and the audit tells the same story')
    }
  },
)

t.test('kill -9 in the very middle of an adoption changes nothing', async (t) => {
  const folder = temporaryFolder(t)
  const store = openStore({ folder, nowMs: Date.now })
  const { id } = store.learntHeads.adopt('projection', headBody(1), 'test')
  store.close()
  t.same(await adoptAndDie(folder, Infinity, 'inside'), [])
  const { head, intact } = inForce(folder)
  t.equal(head?.id, id)
  t.equal(head?.body, headBody(1))
  t.ok(intact)
})
