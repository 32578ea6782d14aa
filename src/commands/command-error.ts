/** Exit codes of the command line; 0 is success. */
export const EXIT_CODES = {
  /** Something of genkan's own is out of order. */
  fault: 1,
  /** The input was not good: a picture, a file, an argument. */
  'bad-input': 2,
} as const

/** A fault that a command explains in one line. */
export class CommandError extends Error {
  override readonly name = 'CommandError'

  constructor(
    readonly kind: keyof typeof EXIT_CODES,
    message: string,
  ) {
    super(message)
  }
}
