import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { packageRoot } from '../../src/config/paths.js'

const CLI = fileURLToPath(new URL('../../src/cli.js', import.meta.url))
const lfw = join(packageRoot, '..', 'shared', 'data', 'lfw')
const skip = existsSync(join(lfw, 'pairs.txt')) ? false : `${lfw} is not there; LFW is not shipped`

t.test('the shipped line holds on LFW’s pairs', { skip, timeout: 600_000 }, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'genkan-lfw-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const plot = join(folder, 'det.svg')
  const images = join(lfw, 'test')
  const args = ['--pairs', join(lfw, 'pairs.txt'), '--images', images, '--json', '--plot', plot]
  const child = spawn(process.execPath, [CLI, 'evaluate', 'lfw', ...args])
  let out = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text))
  t.equal(await new Promise((resolve) => child.once('close', resolve)), 0)
  const report = JSON.parse(out) as {
    accuracy: number
    failureToAcquire: number
    pairs: number
    fnmrAtFmr: { '1e-3': { fnmr: number } }
  }
  t.equal(report.pairs, 1800)
  t.ok(report.accuracy >= 0.99, `accuracy ${report.accuracy}`)
  t.ok(report.failureToAcquire <= 0.005, `failure to acquire ${report.failureToAcquire}`)
  t.ok(report.fnmrAtFmr['1e-3'].fnmr <= 0.03, `FNMR at FMR 1e-3 ${report.fnmrAtFmr['1e-3'].fnmr}`)
  t.match(readFileSync(plot, 'utf8'), /<svg/)
})
