import { mkdtemp, rm } from 'node:fs/promises'
import { connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Where a pipe puts what it reads. */
export interface PipeReader {
  /** Memory to be filled next, from its beginning; at least one byte. */
  room(): Uint8Array
  /** So many bytes of the last `room` are filled. */
  filled(byteCount: number): void
}

/** A pipe for the output of a child, read straight into the reader's own memory. */
export interface FillingPipe {
  /** To be the child's standard output; then it must be destroyed here, so that the pipe can end. */
  readonly writingEnd: Socket
  /** Resolves when all that was written has been read and every writing end is closed. */
  readonly closed: Promise<void>
}

/**
 * Opens a pipe. The pipes that `spawn` makes hand out what they read as pieces of new memory, 64 kB
 * each: at ten raw frames a second most of an idle door's work was to collect those.
 *
 * Node lets no other socket than a connected one choose its memory, so the pipe is a Unix socket, made
 * in a folder that only this user may enter and that is gone when this resolves.
 * @throws when no folder or socket can be made
 */
export async function openFillingPipe(reader: PipeReader): Promise<FillingPipe> {
  const folder = await mkdtemp(join(tmpdir(), 'genkan-pipe-'))
  const server = createServer({ pauseOnConnect: true })
  try {
    const path = join(folder, 's')
    const accepted = new Promise<Socket>((resolve, reject) => {
      server.once('connection', resolve).once('error', reject)
    })
    // Its fault is told by the wait for it below, which may not have begun.
    accepted.catch(() => undefined)
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject).listen(path, resolve)
    })
    const readingEnd = connect({
      path,
      onread: {
        buffer: () => reader.room(),
        callback(byteCount) {
          reader.filled(byteCount)
          return true
        },
      },
    })
    const closed = new Promise<void>((resolve) => readingEnd.once('close', () => resolve()))
    try {
      await new Promise<void>((resolve, reject) => {
        readingEnd.once('connect', resolve).once('error', reject)
      })
      const writingEnd = await accepted
      // A broken pipe ends like one whose writer went away.
      readingEnd.on('error', () => undefined)
      writingEnd.on('error', () => undefined)
      return { writingEnd, closed }
    } catch (error) {
      readingEnd.destroy()
      throw error
    }
  } finally {
    server.close()
    await rm(folder, { recursive: true, force: true })
  }
}
