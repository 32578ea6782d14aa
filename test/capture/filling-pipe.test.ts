import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import t from 'tap'
import { createFfmpegSession } from '../../src/capture/ffmpeg-session.js'
import { openFillingPipe } from '../../src/capture/filling-pipe.js'

type Tap = Pick<typeof t, 'teardown'>

/** A folder for temporary files of this test alone, so that what is left in it can be seen. */
function ownTmp(test: Tap): string {
  const folder = mkdtempSync(join(tmpdir(), 'genkan-filling-'))
  const before = process.env['TMPDIR']
  process.env['TMPDIR'] = folder
  test.teardown(() => {
    if (before === undefined) delete process.env['TMPDIR']
    else process.env['TMPDIR'] = before
    rmSync(folder, { recursive: true })
  })
  return folder
}

t.test('everything a child writes arrives in order, whatever room there is', async (t) => {
  const folder = ownTmp(t)
  const source = join(folder, 'source')
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 0, max: 600_000 }),
      fc.array(fc.integer({ min: 1, max: 300_000 }), { minLength: 1, maxLength: 5 }),
      async (byteCount, rooms) => {
        const wanted = Uint8Array.from({ length: byteCount }, (_, i) => (i * 31 + (i >> 8)) & 255)
        writeFileSync(source, wanted)
        const pieces: Buffer[] = []
        let turn = 0
        let memory = new Uint8Array()
        const pipe = await openFillingPipe({
          room: () => (memory = new Uint8Array(rooms[turn++ % rooms.length])),
          filled: (count) => void pieces.push(Buffer.from(memory.subarray(0, count))),
        })
        const child = spawn('cat', [source], { stdio: ['ignore', pipe.writingEnd, 'ignore'] })
        pipe.writingEnd.destroy()
        await Promise.all([once(child, 'exit'), pipe.closed])
        return child.exitCode === 0 && Buffer.concat(pieces).equals(wanted)
      },
    ),
    { numRuns: 15 },
  )
  t.same(readdirSync(folder), ['source'], 'no socket and no folder is left')
})

t.test('a pipe that nobody was given ends once its writing end is closed', async (t) => {
  const folder = ownTmp(t)
  const pipe = await openFillingPipe({
    room: () => new Uint8Array(1),
    filled: () => t.fail('nothing was written'),
  })
  t.same(readdirSync(folder), [])
  pipe.writingEnd.destroy()
  await pipe.closed
})

t.test('where no pipe can be made the camera says so and shows nothing', async (t) => {
  const folder = ownTmp(t)
  process.env['TMPDIR'] = join(folder, 'not-there')
  await t.rejects(openFillingPipe({ room: () => new Uint8Array(1), filled: () => undefined }))
  const session = createFfmpegSession({
    input: { source: 'file', path: 'any.mp4' },
    geometry: { width: 16, height: 16, framesPerSecond: 10 },
    stallTimeoutMs: 1000,
    openTimeoutMs: 1000,
    onChild: () => t.fail('no FFmpeg is started'),
  })
  const end = await session(
    { memory: (count) => new Uint8Array(count), put: () => t.fail('no frame') },
    new AbortController().signal,
  )
  t.match(end, { kind: 'fault', cause: /no pipe for FFmpeg's pictures: ENOENT/, cure: /writable/ })
})

t.test('a frame that is cut short is never shown', async (t) => {
  const folder = ownTmp(t)
  const program = join(folder, 'ffmpeg')
  for (const [code, kind] of [
    [0, 'ended'],
    [3, 'fault'],
  ] as const) {
    // Two frames of 4x2 and a half.
    writeFileSync(program, `#!/bin/sh\nhead -c 60 /dev/zero | tr '\\0' '\\7'\nexit ${code}\n`)
    chmodSync(program, 0o755)
    const shown: number[][] = []
    const session = createFfmpegSession({
      input: { source: 'file', path: 'any.mp4' },
      geometry: { width: 4, height: 2, framesPerSecond: 10 },
      stallTimeoutMs: 5000,
      openTimeoutMs: 5000,
      findBinary: () =>
        Promise.resolve({ path: program, origin: 'system', version: '0', passEveryFrame: [] }),
    })
    const end = await session(
      {
        memory: (count) => new Uint8Array(count),
        put: ({ data }) => void shown.push([data.length, data[0], data[23]]),
      },
      new AbortController().signal,
    )
    t.equal(end.kind, kind)
    t.same(shown, [
      [24, 7, 7],
      [24, 7, 7],
    ])
  }
})
