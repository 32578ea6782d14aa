import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'

const CLI = fileURLToPath(new URL('../../src/cli.js', import.meta.url))

const folder = mkdtempSync(join(tmpdir(), 'genkan-closed-'))
t.teardown(() => rmSync(folder, { recursive: true, force: true }))

function start(...args: string[]) {
  const env = {
    ...process.env,
    GENKAN_ADMIN_PORT: '0',
    GENKAN_MQTT_EMBEDDED_PORT: '0',
    GENKAN_STORE_FOLDER: join(folder, 'data'),
  }
  const child = spawn(process.execPath, [CLI, ...args], { cwd: folder, env })
  // As `genkan … | head`: whoever read it is gone before the first word.
  child.stdout.destroy()
  let err = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text))
  return { child, err: () => err }
}

for (const args of [
  ['config'],
  ['asyncapi'],
  ['board', 'show', 'raspberry-pi-5'],
  ['board', 'apply', 'raspberry-pi-5', '--dry-run', '--root', folder],
  ['update', 'status', '--folder', join(folder, 'releases')],
  ['--help'],
]) {
  t.test(`genkan ${args[0]} ends quietly when nobody reads it`, async (t) => {
    const { child, err } = start(...args)
    const [exitCode] = (await once(child, 'close')) as [number | null]
    t.equal(err(), '')
    t.equal(exitCode, 0)
  })
}

t.test('a door watches on though nobody reads what it says', async (t) => {
  const { child } = start('run')
  t.teardown(() => child.kill('SIGKILL'))
  const closed = once(child, 'close')
  // The last that it does before it says where its console is.
  const picture = join(folder, 'data', 'first-man.jpg')
  while (!existsSync(picture) && child.exitCode === null) {
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  await new Promise((resolve) => setTimeout(resolve, 1000))
  t.equal(child.exitCode, null)
  child.kill('SIGTERM')
  t.same(await closed, [0, null])
})
