/** What a person should read of an error: its message, and that of what caused it where that adds. */
export function explain(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.message === '' ? error.name : error.message
}
