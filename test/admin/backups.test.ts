import { copyFileSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import sharp from 'sharp'
import t from 'tap'

import { assetPath } from '../../src/models/registry.js'
import { openStore } from '../../src/store/store.js'
import { toVectorBytes } from '../../src/store/vector-bytes.js'
import { rawDatabase } from '../store/samples.js'
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

t.test('after an erasure no backup holds a byte of the person', async (t) => {
  const picture = new Uint8Array(await sharp(assetPath('joconde.jpg')).jpeg().toBuffer())
  const { id } = door.store.persons.create('Lisa Markerbrox', 'test')
  const added = await ask(`/api/persons/${id}/faces`, {
    method: 'POST',
    body: picture,
    headers: { 'Content-Type': 'image/jpeg' },
  })
  t.equal(added.status, 201)
  const [template] = door.store.templates.byPerson(id)
  const needles = [
    Buffer.from(template.cropPng).subarray(200, 240),
    toVectorBytes(template.embedding.vector).subarray(100, 140),
    Buffer.from('Markerbrox'),
  ]

  async function foundInBackup(): Promise<boolean[]> {
    const folder = mkdtempSync(join(tmpdir(), 'genkan-copy-'))
    writeFileSync(join(folder, 'genkan.db'), await make({}))
    copyFileSync(join(door.folder, 'genkan.key'), join(folder, 'genkan.key'))
    const raw = rawDatabase(folder)
    const pages = raw.serialize()
    raw.close()
    rmSync(folder, { recursive: true })
    return needles.map((needle) => pages.includes(needle))
  }

  t.same(await foundInBackup(), [true, true, true], 'what is held is in a backup')
  const before = await make({})
  const erased = await json(await ask(`/api/persons/${id}`, { method: 'DELETE' }))
  t.match(erased, { proof: { proven: true } })
  t.same(await foundInBackup(), [false, false, false], 'what was erased is in none made since')

  // One made before is out of reach, but brings nobody back.
  t.equal((await send('/api/restore', before)).status, 202)
  door.store.close()
  const reopened = openStore({ folder: door.folder, nowMs: Date.now })
  t.equal(reopened.info.restored?.erasedAgain, 1)
  t.equal(reopened.persons.get(id), undefined)
  reopened.close()
  const raw = rawDatabase(door.folder)
  const pages = raw.serialize()
  raw.close()
  for (const needle of needles) t.notOk(pages.includes(needle))
})
