import { readdirSync } from 'node:fs'

import t from 'tap'

import { openRealDoor } from './real-door.js'

const door = await openRealDoor(t)
const ask: typeof door.ask = (path, init) => door.ask(path, init)
const json = async (response: Response) => (await response.json()) as Record<string, unknown>

async function make(order: { passphrase?: string }): Promise<Uint8Array<ArrayBuffer>> {
  const made = await ask('/api/backups', { method: 'POST', json: order })
  if (made.status !== 200) throw new Error(await made.text())
  const bytes = new Uint8Array(await made.arrayBuffer())
  t.equal(String(bytes.length), made.headers.get('Content-Length'))
  t.match(made.headers.get('Content-Disposition'), /genkan-\d{4}-\d\d-\d\d\.backup/)
  return bytes
}

const send = (path: string, body: Uint8Array<ArrayBuffer>, words?: string) =>
  ask(path, {
    method: 'POST',
    body,
    headers: {
      'Content-Type': 'application/octet-stream',
      ...(words === undefined ? {} : { 'Genkan-Passphrase': encodeURIComponent(words) }),
    },
  })

door.store.persons.create('Aiko', 'test')

t.test('a backup with a passphrase is read by it alone', async (t) => {
  const passphrase = '合言葉 twelve letters'
  const bytes = await make({ passphrase })
  t.match(await json(await send('/api/backups/verify', bytes, passphrase)), {
    persons: 1,
    bytes: bytes.length,
  })
  for (const words of ['not those words', undefined]) {
    const refused = await send('/api/backups/verify', bytes, words)
    t.match(await json(refused), { code: 'backup-unreadable', status: 422 })
  }
  for (const words of ['short', 'x'.repeat(1025)]) {
    t.equal((await send('/api/backups/verify', bytes, words)).status, 400)
  }
})

t.test('what is no whole backup is refused, and nothing of it stays', async (t) => {
  const bytes = await make({})
  const damaged = bytes.slice()
  damaged.fill(7, Math.floor(bytes.length / 2), Math.floor(bytes.length / 2) + 4096)
  for (const [what, body] of [
    ['damaged', damaged],
    ['cut off', bytes.slice(0, 5000)],
    ['empty', new Uint8Array()],
    ['something else', new TextEncoder().encode('hello'.repeat(5000))],
  ] as const) {
    const refused = await send('/api/restore', new Uint8Array(body))
    t.equal(refused.status, 422, what)
    const text = await refused.text()
    t.match(text, /"code":"backup-unreadable"/)
    t.notMatch(text, door.folder)
  }
  t.match(await json(await ask('/api/restore')), { waits: false })
  const staged = await send('/api/restore', bytes)
  t.equal(staged.status, 202)
  t.match(await json(staged), { persons: 1 })
  t.match(await json(await ask('/api/restore')), { waits: true })
  t.same(
    readdirSync(door.folder).filter((name) => name.startsWith('genkan.backup.')),
    [],
  )
  const actions = door.store.audit.list({ limit: 10 }).map(({ action }) => action)
  t.ok(actions.includes('backup.create') && actions.includes('restore.stage'))
})
