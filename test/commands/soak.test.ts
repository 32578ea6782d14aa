import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import t from 'tap'

const CLI = fileURLToPath(new URL('../../src/cli.js', import.meta.url))
/** Far from a warm daemon: what a slope means needs the long form, `npm run soak -- --minutes N`. */
const MINUTES = '0.4'
/** The memory at which the daemon's own watchdog would restart it. */
const CEILING_MB = 700

t.setTimeout(150_000)

t.test('the soak runs the real daemon and weighs it', { timeout: 120_000 }, async (t) => {
  const { stdout } = await promisify(execFile)(process.execPath, [
    ...[CLI, 'soak', '--minutes', MINUTES, '--busy', '--json'],
  ])
  const report = JSON.parse(stdout) as Record<string, unknown>
  t.match(report, {
    minutes: Number(MINUTES),
    warmUpMinutes: Number(MINUTES) / 2,
    exitCode: 0,
  })
  t.ok(Number(report['decisions']) > 0, `${String(report['decisions'])} decisions`)
  t.ok(Number(report['rssMaxMb']) < CEILING_MB, `${String(report['rssMaxMb'])} MB at most`)
  for (const slope of ['rssSlopeMbPerHour', 'nativeSlopeMbPerHour']) {
    t.type(report[slope], 'number', slope)
  }
})

t.test('a length of time that is none is refused before anything starts', async (t) => {
  for (const minutes of ['0', '-1', 'long', '1e9']) {
    await t.rejects(promisify(execFile)(process.execPath, [CLI, 'soak', `--minutes=${minutes}`]), {
      code: 2,
      stderr: /--minutes/,
    })
  }
})
