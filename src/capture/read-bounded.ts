import { open } from 'node:fs/promises'

/** Reads a file, but never more than `maxBytes + 1`, so that an endless one is seen as too large. */
export async function readBounded(path: string, maxBytes: number): Promise<Uint8Array> {
  const file = await open(path, 'r')
  try {
    const { size } = await file.stat()
    const memory = Buffer.alloc(Math.min(size, maxBytes) + 1)
    let filled = 0
    for (;;) {
      const { bytesRead } = await file.read(memory, filled, memory.length - filled)
      filled += bytesRead
      if (bytesRead === 0 || filled === memory.length) {
        return memory.subarray(0, filled)
      }
    }
  } finally {
    await file.close()
  }
}
