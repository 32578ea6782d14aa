import { randomBytes } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { rm, statfs } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { Readable, Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { ReadableStream as NodeReadableStream } from 'node:stream/web'

import type { BackupsPort } from './admin/ports/backups.js'
import { StoreError } from './store/store-error.js'
import type { Store } from './store/store.js'

/** What an upload must leave free, so that decisions and audit can still be written. */
const KEPT_FREE_BYTES = 128 * 1024 * 1024
const LOOK_EVERY_BYTES = 8 * 1024 * 1024

function full(): StoreError {
  return new StoreError({
    code: 'disk-full',
    what: 'the backup would leave the door too little disk space',
    cure: 'free disk space, or restore on the command line from another disk',
  })
}

/** Passes bytes on while the disk has room for more than them. */
function spaceWatch(folder: string): Transform {
  let untilLook = 0
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      untilLook -= chunk.length
      if (untilLook > 0) {
        done(null, chunk)
        return
      }
      untilLook = LOOK_EVERY_BYTES
      statfs(folder).then(
        ({ bavail, bsize }) => {
          if (bavail * bsize < KEPT_FREE_BYTES + LOOK_EVERY_BYTES) done(full())
          else done(null, chunk)
        },
        (error: unknown) => done(error instanceof Error ? error : full()),
      )
    },
  })
}

/** Backups as streams, for the API; uploads lie in the store's folder while they are looked at. */
export function createBackupsPort(store: Pick<Store, 'backups' | 'info'>): BackupsPort {
  const folder = dirname(store.info.path)

  async function withFile<T>(
    content: ReadableStream<Uint8Array>,
    use: (file: string) => Promise<T>,
  ): Promise<T> {
    // Named as the copies are that the next start clears away.
    const file = join(folder, `genkan.backup.${randomBytes(8).toString('hex')}`)
    try {
      await pipeline(
        Readable.fromWeb(content as NodeReadableStream),
        spaceWatch(folder),
        createWriteStream(file, { mode: 0o600, flags: 'wx' }),
      )
      return await use(file)
    } finally {
      await rm(file, { force: true })
    }
  }

  const secretOf = (passphrase: string | undefined) =>
    passphrase === undefined ? {} : { passphrase }

  return {
    async make(passphrase, actor) {
      const copy = await store.backups.makeTemporary({ ...secretOf(passphrase), actor })
      const stream = createReadStream(copy.path)
      stream.once('close', () => copy.remove())
      return {
        bytes: copy.bytes,
        content: Readable.toWeb(stream) as ReadableStream<Uint8Array>,
      }
    },
    verify: (content, passphrase) =>
      withFile(content, (file) => store.backups.verify(file, secretOf(passphrase))),
    stageRestore: (content, passphrase, actor) =>
      withFile(content, (file) =>
        store.backups.stageRestore(file, { ...secretOf(passphrase), actor }),
      ),
    restoreIsStaged: () => store.backups.restoreIsStaged(),
  }
}
