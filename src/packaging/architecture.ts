/** What a Debian architecture is called by those whose binaries go into the package. */
export interface Architecture {
  readonly debian: 'amd64' | 'arm64'
  /** As Node.js and npm say it. */
  readonly node: 'x64' | 'arm64'
  /** Prefix of the GNU tools that compile for it. */
  readonly toolPrefix: string
}

export const ARCHITECTURES: readonly Architecture[] = [
  { debian: 'amd64', node: 'x64', toolPrefix: 'x86_64-linux-gnu-' },
  { debian: 'arm64', node: 'arm64', toolPrefix: 'aarch64-linux-gnu-' },
]
