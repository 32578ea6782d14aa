/** One thing that is wrong in a configuration. */
export interface ConfigIssue {
  /** Dotted path of the key, or the file where it is about the whole. */
  readonly path: string
  readonly what: string
  readonly cure: string
}

/** A configuration that can't be used; the message lists every issue, one a line. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
  readonly issues: readonly ConfigIssue[]

  constructor(origin: string, issues: readonly ConfigIssue[]) {
    const lines = issues.map(({ path, what, cure }) => `  ${path}: ${what}; ${cure}`)
    super([`the configuration (${origin}) can't be used:`, ...lines].join('\n'))
    this.issues = issues
  }
}
