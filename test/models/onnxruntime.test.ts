import { execFile } from 'node:child_process'
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import t from 'tap'
import { packageRoot } from '../../src/config/paths.js'

const SESSION = fileURLToPath(new URL('../../src/models/session.js', import.meta.url))

t.test('a net is loaded and run without a report to the maker, or a line of his', async (t) => {
  const home = t.testdir()
  // Machines that build are spared by the runtime itself.
  const unset = { CI: undefined, ORT_DISABLE_TELEMETRY: undefined, XDG_CACHE_HOME: undefined }
  const script = `const { loadNet } = await import(${JSON.stringify(SESSION)}); await loadNet('eyes', { executionProviders: ['cuda'] })`
  const { stderr } = await promisify(execFile)(
    process.execPath,
    ['--input-type=module', '-e', script],
    { env: { ...process.env, ...unset, HOME: home } },
  )
  t.equal(stderr, '')
  t.notOk(existsSync(join(home, '.cache')))
})

t.test('nothing takes the runtime past that', (t) => {
  const takers = readdirSync(join(packageRoot, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts') && path !== join('models', 'onnxruntime.ts'))
    .filter((path) =>
      /^import (?!type).*from 'onnxruntime-node'/m.test(
        readFileSync(join(packageRoot, 'src', path), 'utf8'),
      ),
    )
  t.same(takers, [])
  t.end()
})
