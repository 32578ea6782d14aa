import Database from 'better-sqlite3-multiple-ciphers'

/** What can be wrong with the store, as a closed set. */
export type StoreErrorCode =
  | 'key-missing'
  | 'key-unsafe'
  | 'key-invalid'
  | 'wrong-key'
  | 'folder-unsafe'
  | 'in-use'
  | 'locked'
  | 'read-only'
  | 'disk-full'
  | 'database-missing'
  | 'corrupt'
  | 'corrupt-row'
  | 'newer-schema'
  | 'io'
  | 'closed'
  | 'not-found'
  | 'duplicate'
  | 'invalid-value'

/** A fault of the store: what happened, where, and what mends it. Never holds personal data. */
export class StoreError extends Error {
  override readonly name = 'StoreError'
  readonly code: StoreErrorCode
  readonly what: string
  readonly cure: string

  constructor(fault: { code: StoreErrorCode; what: string; cure: string; cause?: unknown }) {
    super(`${fault.what}; ${fault.cure}`, { cause: fault.cause })
    this.code = fault.code
    this.what = fault.what
    this.cure = fault.cure
  }
}

type Fault = Pick<StoreError, 'code' | 'what' | 'cure'>

function faultOfSystem(code: string, where: string): Fault | undefined {
  switch (code) {
    case 'EACCES':
    case 'EPERM':
      return {
        code: 'read-only',
        what: `${where}: permission denied`,
        cure: 'give the folder to the user that runs genkan (chown) or set another store folder',
      }
    case 'EROFS':
      return {
        code: 'read-only',
        what: `${where}: the file system is read-only`,
        cure: 'check the disk (dmesg) and mount it read-write; genkan goes on by itself afterwards',
      }
    case 'ENOSPC':
    case 'EDQUOT':
      return {
        code: 'disk-full',
        what: `${where}: no space left`,
        cure: 'free disk space; genkan goes on by itself afterwards',
      }
    case 'ENOTDIR':
    case 'EISDIR':
    case 'ELOOP':
    case 'EIO':
      return { code: 'io', what: `${where}: ${code}`, cure: 'check the path and the disk (dmesg)' }
    default:
      return undefined
  }
}

function faultOfSqlite(code: string, where: string): Fault | undefined {
  if (code === 'SQLITE_NOTADB') {
    return {
      code: 'wrong-key',
      what: `${where} can't be read with this key (or its first page is damaged)`,
      cure: 'use the key this database was made with, or restore a backup with its key',
    }
  }
  if (code.startsWith('SQLITE_CORRUPT')) {
    return {
      code: 'corrupt',
      what: `${where} is damaged or was changed outside genkan`,
      cure: 'stop genkan, keep the file for study, restore the last backup (genkan restore FILE)',
    }
  }
  if (code.startsWith('SQLITE_BUSY') || code.startsWith('SQLITE_LOCKED')) {
    return {
      code: 'locked',
      what: `${where} is locked by another process`,
      cure: 'end the other program that has it open (fuser shows which) and try again',
    }
  }
  if (code.startsWith('SQLITE_READONLY')) {
    return {
      code: 'read-only',
      what: `${where} can't be written`,
      cure: 'check owner, mode and mount of the store folder; it must be writable for genkan',
    }
  }
  if (code === 'SQLITE_FULL' || code === 'SQLITE_IOERR_SHMSIZE') {
    return faultOfSystem('ENOSPC', where)
  }
  if (code === 'SQLITE_CONSTRAINT_PRIMARYKEY' || code === 'SQLITE_CONSTRAINT_UNIQUE') {
    return { code: 'duplicate', what: `${where}: this id is stored already`, cure: 'use a new id' }
  }
  if (code === 'SQLITE_CONSTRAINT_FOREIGNKEY') {
    return { code: 'not-found', what: `${where}: no such person`, cure: 'create the person first' }
  }
  if (code.startsWith('SQLITE_CONSTRAINT')) {
    return {
      code: 'invalid-value',
      what: `${where} refused a value (${code})`,
      cure: 'report this as a defect of genkan',
    }
  }
  if (code.startsWith('SQLITE_CANTOPEN') || code.startsWith('SQLITE_IOERR')) {
    return {
      code: 'io',
      what: `${where} can't be opened, read or written (${code})`,
      cure: 'check that the folder exists, belongs to genkan, and that the disk is healthy (dmesg)',
    }
  }
  return undefined
}

/**
 * Gives any error of SQLite or the file system its {@link StoreError}; others come back unchanged.
 * @param where the file or folder concerned
 */
export function toStoreError(error: unknown, where: string): unknown {
  if (error instanceof StoreError || !(error instanceof Error)) return error
  const code = 'code' in error && typeof error.code === 'string' ? error.code : ''
  const fault =
    error instanceof Database.SqliteError
      ? (faultOfSqlite(code, where) ?? {
          code: 'io' as const,
          what: `${where}: ${code}`,
          cure: 'run genkan doctor',
        })
      : faultOfSystem(code, where)
  if (fault) return new StoreError({ ...fault, cause: error })
  if (error instanceof TypeError && error.message.includes('connection is not open')) {
    return new StoreError({
      code: 'closed',
      what: 'the store is closed',
      cure: 'open it again',
      cause: error,
    })
  }
  return error
}

/** Runs `action` so that it fails only with {@link StoreError} where SQLite or the file system is at fault. */
export function guarded<Result>(where: string, action: () => Result): Result {
  try {
    return action()
  } catch (error) {
    throw toStoreError(error, where)
  }
}

function guardedLater(where: string, result: unknown): unknown {
  if (!(result instanceof Promise)) return result
  return result.catch((error: unknown) => {
    throw toStoreError(error, where)
  })
}

/** The same object with every method {@link guarded}. */
export function guardedMethods<Repository extends object>(
  where: string,
  repository: Repository,
): Repository {
  const entries = Object.entries(repository).map(([name, member]: [string, unknown]) => [
    name,
    typeof member === 'function'
      ? (...args: unknown[]): unknown =>
          guarded(where, () => guardedLater(where, Reflect.apply(member, repository, args)))
      : member,
  ])
  return Object.fromEntries(entries) as Repository
}
