import {
  chmodSync,
  cpSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { basename, join } from 'node:path'
import { packageRoot } from '../config/paths.js'
import { version } from '../version.js'
import type { Architecture } from './architecture.js'
import { layBoardTree } from './board-tree.js'
import { runTool } from './run-tool.js'

/** Control files that debhelper reads; the rest of the folder belongs to the tree. */
const CONTROL_FILES = [
  'control',
  'rules',
  'copyright',
  'genkan.lintian-overrides',
  'genkan.postinst',
  'genkan.postrm',
  'genkan.prerm',
  'genkan.sysusers',
  'genkan.tmpfiles',
  'genkan.udev',
]

export interface PackageOptions {
  readonly architecture: Architecture
  /** Where the package goes. */
  readonly outFolder: string
  /** `Name <address>` of whoever answers for this package. */
  readonly maintainer: string
  /** When it counts as made, in seconds since 1970; the same inputs then give the same package. */
  readonly epochS: number
}

/**
 * Builds the Debian package of one architecture with debhelper.
 * @returns the path of the `.deb`
 * @throws Error naming the tool that is missing or failed
 */
export async function buildDebianPackage(options: PackageOptions): Promise<string> {
  const { architecture, outFolder, maintainer, epochS } = options
  const work = join(outFolder, `work-${architecture.debian}`)
  rmSync(work, { recursive: true, force: true })
  const source = join(work, `genkan-${version}`)
  const debian = join(source, 'debian')
  mkdirSync(debian, { recursive: true })
  const made = new Date(epochS * 1000)
  await layBoardTree(
    architecture,
    join(source, 'tree'),
    join(work, 'parts'),
    made.toISOString().slice(0, 10),
  )
  for (const name of CONTROL_FILES) {
    cpSync(join(packageRoot, 'systemd', 'debian', name), join(debian, name))
  }
  for (const unit of readdirSync(join(packageRoot, 'systemd'))) {
    if (!/\.(?:service|timer)$/.test(unit)) continue
    // As debhelper wants them: the package's own unit by its name, each further one behind a dot.
    const name = unit === 'genkan.service' ? unit : `genkan.${unit}`
    cpSync(join(packageRoot, 'systemd', unit), join(debian, name))
  }
  const control = join(debian, 'control')
  writeFileSync(control, readFileSync(control, 'utf8').replace('@MAINTAINER@', maintainer))
  writeFileSync(join(debian, 'changelog'), changelog(maintainer, made))
  chmodSync(join(debian, 'rules'), 0o755)
  runTool('dpkg-buildpackage', ['-b', '-us', '-uc', '-d', `-a${architecture.debian}`], {
    cwd: source,
    env: { SOURCE_DATE_EPOCH: String(epochS), DEB_BUILD_OPTIONS: 'nocheck' },
    debianPackage: 'dpkg-dev debhelper',
  })
  const name = readdirSync(work).find((entry) => entry.endsWith('.deb'))
  if (name === undefined) throw new Error(`dpkg-buildpackage left no package in ${work}`)
  const path = join(outFolder, basename(name))
  cpSync(join(work, name), path)
  rmSync(work, { recursive: true })
  return path
}

function changelog(maintainer: string, made: Date): string {
  const date = made.toUTCString().replace('GMT', '+0000')
  return `genkan (${version}) unstable; urgency=medium

  * Release ${version}.

 -- ${maintainer}  ${date}
`
}
