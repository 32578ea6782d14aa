import type { CopyReport } from '../../store/copy-database.js'

/** Copies of the store, and the way back. Every method throws StoreError where a file is of no use. */
export interface BackupsPort {
  /** A finished, examined copy as a stream, which cleans up after itself. */
  make(
    passphrase: string | undefined,
    actor: string,
  ): Promise<{ readonly bytes: number; readonly content: ReadableStream<Uint8Array> }>
  verify(file: ReadableStream<Uint8Array>, passphrase: string | undefined): Promise<CopyReport>
  /** Takes effect at the next start. */
  stageRestore(
    file: ReadableStream<Uint8Array>,
    passphrase: string | undefined,
    actor: string,
  ): Promise<CopyReport>
  restoreIsStaged(): boolean
}
