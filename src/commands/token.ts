import { storeOptionsOf } from '../store-options.js'
import { ROLES } from '../store/admin-tokens.js'
import type { Role } from '../store/admin-tokens.js'
import { openStore } from '../store/store.js'
import { CommandError } from './command-error.js'
import { loadSetup } from './setup.js'
import type { SetupOptions } from './setup.js'

export interface TokenOptions extends SetupOptions {
  readonly json?: boolean
}

export interface TokenAddOptions extends TokenOptions {
  readonly role: string
}

function isRole(text: string): text is Role {
  return (ROLES as readonly string[]).includes(text)
}

/** `genkan token add LABEL`: for whoever lost the token of the first start. */
export async function addToken(label: string, options: TokenAddOptions): Promise<void> {
  const { role } = options
  if (!isRole(role)) throw new CommandError('bad-input', `--role is one of ${ROLES.join(', ')}`)
  const store = openStore(storeOptionsOf(loadSetup(options).store, 'command'))
  try {
    const { token, text } = await store.adminTokens.create({ label, role }, 'cli')
    process.stdout.write(
      options.json === true
        ? `${JSON.stringify({ id: token.id, role, token: text })}\n`
        : `${text}\n`,
    )
  } finally {
    store.close()
  }
}

/** `genkan token list`: labels, roles and last use; the tokens themselves are not kept. */
export function listTokens(options: TokenOptions): void {
  const store = openStore(storeOptionsOf(loadSetup(options).store, 'command'))
  try {
    const tokens = store.adminTokens.list()
    if (options.json === true) {
      process.stdout.write(`${JSON.stringify(tokens)}\n`)
      return
    }
    for (const { id, role, label, lastUsedAtMs } of tokens) {
      const used = lastUsedAtMs === null ? 'never used' : new Date(lastUsedAtMs).toISOString()
      process.stdout.write(`${id}  ${role.padEnd(8)}  ${label.padEnd(24)}  ${used}\n`)
    }
  } finally {
    store.close()
  }
}

/** `genkan token revoke ID`. */
export function revokeToken(id: string, options: TokenOptions): void {
  const store = openStore(storeOptionsOf(loadSetup(options).store, 'command'))
  try {
    if (!store.adminTokens.revoke(id, 'cli')) {
      throw new CommandError('bad-input', 'no token has this id; `genkan token list` shows them')
    }
  } finally {
    store.close()
  }
}
