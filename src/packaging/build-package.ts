import { execFileSync } from 'node:child_process'
import { mkdirSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { packageRoot } from '../config/paths.js'
import { ARCHITECTURES } from './architecture.js'
import { buildDebianPackage } from './debian-package.js'

/** A board's download must stay small enough for a slow line. */
const MAX_MEGABYTES = 120

function lastCommit(format: string): string | undefined {
  try {
    const told = execFileSync('git', ['log', '-1', `--format=${format}`], { cwd: packageRoot })
    return told.toString().trim()
  } catch {
    return undefined
  }
}

/** The last commit's time, so that the same commit gives the same package. */
function sourceEpochS(): number {
  const told = process.env['SOURCE_DATE_EPOCH'] ?? lastCommit('%ct')
  return told === undefined
    ? Math.floor(statSync(join(packageRoot, 'package.json')).mtimeMs / 1000)
    : Number(told)
}

const { values } = parseArgs({
  options: {
    arch: { type: 'string', default: 'amd64,arm64' },
    out: { type: 'string', default: 'build-deb' },
    maintainer: {
      type: 'string',
      default: lastCommit('%an <%ae>') ?? 'genkan <root@localhost>',
    },
  },
})
const outFolder = resolve(values.out)
mkdirSync(outFolder, { recursive: true })
for (const name of values.arch.split(',')) {
  const architecture = ARCHITECTURES.find(({ debian }) => debian === name)
  if (architecture === undefined) {
    const known = ARCHITECTURES.map(({ debian }) => debian).join(', ')
    throw new Error(`there is no architecture ${name}; use ${known}`)
  }
  const path = await buildDebianPackage({
    architecture,
    outFolder,
    maintainer: values.maintainer,
    epochS: sourceEpochS(),
  })
  const megabytes = statSync(path).size / 1e6
  process.stdout.write(`${path}: ${megabytes.toFixed(1)} MB\n`)
  if (megabytes > MAX_MEGABYTES) {
    process.stderr.write(`that is more than ${MAX_MEGABYTES} MB\n`)
    process.exitCode = 1
  }
}
