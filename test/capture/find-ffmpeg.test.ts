import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { createFfmpegFinder } from '../../src/capture/find-ffmpeg.js'

t.test('a finder asks a program once, and again only when it has gone', async (t) => {
  const folder = t.testdir()
  const program = join(folder, 'ffmpeg')
  const asked = join(folder, 'asked')
  const install = () => {
    writeFileSync(program, `#!/bin/sh\necho . >>${asked}\necho ffmpeg version 7.1\n`, {
      mode: 0o755,
    })
  }
  const timesAsked = () => readFileSync(asked, 'utf8').split('\n').length - 1
  install()
  const find = createFfmpegFinder({ searchPath: folder, allowBundled: false })
  const [first, second] = await Promise.all([find(), find()])
  t.match(first, { path: program, version: '7.1', passEveryFrame: ['-fps_mode', 'passthrough'] })
  t.equal(second, first)
  t.equal(await find(), first)
  t.equal(timesAsked(), 1)

  rmSync(program)
  t.equal(await find(), undefined)
  install()
  t.match(await find(), { path: program })
  t.equal(timesAsked(), 2)
})
