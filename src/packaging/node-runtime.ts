import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { x } from 'tar'
import { z } from 'zod'
import { packageRoot } from '../config/paths.js'
import { fetchPackage } from '../models/package-fetch.js'
import type { Architecture } from './architecture.js'

const pinSchema = z.strictObject({
  package: z.string().regex(/^[a-z0-9-]+$/),
  integrity: z.string().regex(/^sha512-[A-Za-z0-9+/]{86}==$/),
})

const runtimeSchema = z.strictObject({
  version: z.string().regex(/^\d+\.\d+\.\d+$/),
  licence: z.string(),
  packages: z.strictObject({ amd64: pinSchema, arm64: pinSchema }),
})

/** Node.js for a board, unpacked: `bin/node`, its headers and its licence. */
export interface NodeRuntime {
  readonly folder: string
  readonly version: string
}

/**
 * Fetches the Node.js that a board runs, as the npm package that is pinned in
 * `systemd/debian/node-runtime.json`, so that no board depends on what its distribution carries.
 * @throws ModelError when it cannot be fetched or is not the pinned one
 */
export async function fetchNodeRuntime(
  architecture: Architecture,
  folder: string,
): Promise<NodeRuntime> {
  const path = join(packageRoot, 'systemd', 'debian', 'node-runtime.json')
  const { version, packages } = runtimeSchema.parse(JSON.parse(readFileSync(path, 'utf8')))
  const tarball = await fetchPackage({ ...packages[architecture.debian], version })
  mkdirSync(folder, { recursive: true })
  const file = join(folder, 'node.tgz')
  writeFileSync(file, tarball)
  await x({ file, cwd: folder, strip: 1, strict: true })
  return { folder, version }
}
