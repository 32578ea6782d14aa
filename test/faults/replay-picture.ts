import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { writeReplayPicture } from '../../src/replay-picture.js'

let bytes: Buffer | undefined

/** The picture that a first start offers to enrol the man of the clip from. */
export async function replayPicture(): Promise<File> {
  if (bytes === undefined) {
    const folder = mkdtempSync(join(tmpdir(), 'genkan-picture-'))
    bytes = readFileSync(await writeReplayPicture(folder))
    rmSync(folder, { recursive: true })
  }
  return new File([new Uint8Array(bytes)], 'man.jpg', { type: 'image/jpeg' })
}
