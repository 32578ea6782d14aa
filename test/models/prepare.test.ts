import { createHash } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import { cpSync, existsSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { Header } from 'tar'
import t from 'tap'
import { extractFiles } from '../../src/models/archive.js'
import { isIntact, sha256Hex, writeAtomically } from '../../src/models/checked-file.js'
import { ModelError, type ModelErrorCode } from '../../src/models/error.js'
import type { PinnedPackage } from '../../src/models/manifest.js'
import { checkIntegrity, explainNpmFailure } from '../../src/models/package-fetch.js'
import { prepareModels } from '../../src/models/prepare.js'
import { assetPath, cacheFolder, readAllManifests, readAssets } from '../../src/models/registry.js'

const refusal = (code: ModelErrorCode) => ({ name: 'ModelError', code })

interface Entry {
  readonly path: string
  readonly body: Buffer
  readonly type?: 'File' | 'SymbolicLink' | 'Link' | 'Directory'
  readonly linkpath?: string
  readonly size?: number
}

/** A tarball made by hand, so that it may hold what no honest tool writes. */
function tarball(entries: readonly Entry[]): Uint8Array {
  const blocks = entries.flatMap(({ path, body, type = 'File', linkpath, size }) => {
    const header = new Header({
      path,
      type,
      mode: 0o644,
      size: size ?? body.length,
      ...(linkpath === undefined ? {} : { linkpath }),
    })
    const block = Buffer.alloc(512)
    header.encode(block)
    return [block, body, Buffer.alloc((512 - (body.length % 512)) % 512)]
  })
  return gzipSync(Buffer.concat([...blocks, Buffer.alloc(1024)]))
}

const body = Buffer.from('the weights')
const pinned = { path: 'model/net.onnx', bytes: body.length, sha256: sha256Hex(body) }

t.test('a file is taken out of a tarball by its exact path', async (t) => {
  const archive = tarball([
    { path: 'package/readme', body: Buffer.from('hello') },
    { path: 'package/model/net.onnx', body },
  ])
  const files = await extractFiles(archive, [pinned], 'p')
  t.equal(Buffer.from(files.get('model/net.onnx') ?? []).toString(), 'the weights')
})

t.test('hostile tarballs are refused and write nothing', async (t) => {
  const other = Buffer.from('THE weights')
  const cases: { name: string; archive: Uint8Array; code: ModelErrorCode }[] = [
    {
      name: 'only a path that climbs out',
      archive: tarball([{ path: 'package/../../model/net.onnx', body }]),
      code: 'archive-invalid',
    },
    {
      name: 'a symbolic link in place of the file',
      archive: tarball([
        {
          path: 'package/model/net.onnx',
          body: Buffer.alloc(0),
          type: 'SymbolicLink',
          linkpath: '/etc/passwd',
        },
      ]),
      code: 'archive-invalid',
    },
    {
      name: 'a hard link in place of the file',
      archive: tarball([
        {
          path: 'package/model/net.onnx',
          body: Buffer.alloc(0),
          type: 'Link',
          linkpath: 'package/x',
        },
      ]),
      code: 'archive-invalid',
    },
    {
      name: 'the file twice',
      archive: tarball([
        { path: 'package/model/net.onnx', body },
        { path: 'other/model/net.onnx', body: other },
      ]),
      code: 'archive-invalid',
    },
    {
      name: 'a size beyond all bounds',
      archive: tarball([{ path: 'package/big', body: Buffer.alloc(0), size: 2 ** 33 }]),
      code: 'archive-invalid',
    },
    {
      name: 'another size than pinned',
      archive: tarball([{ path: 'package/model/net.onnx', body: Buffer.from('longer weights') }]),
      code: 'archive-invalid',
    },
    {
      name: 'other bytes than pinned',
      archive: tarball([{ path: 'package/model/net.onnx', body: other }]),
      code: 'wrong-hash',
    },
    {
      name: 'cut short',
      archive: tarball([{ path: 'package/model/net.onnx', body }]).subarray(0, 40),
      code: 'archive-invalid',
    },
    { name: 'nothing', archive: new Uint8Array(0), code: 'archive-invalid' },
  ]
  for (const { name, archive, code } of cases) {
    await t.rejects(extractFiles(archive, [pinned], 'p'), refusal(code), name)
  }
})

t.test('random bytes in place of a tarball give a ModelError, never a crash', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 3000 }), async (bytes) => {
      try {
        await extractFiles(bytes, [pinned], 'p')
        return false
      } catch (error) {
        return error instanceof ModelError
      }
    }),
    { numRuns: 100 },
  )
})

t.test('a tarball of another content than pinned is refused', (t) => {
  const data = Buffer.from('tarball')
  const digest = createHash('sha512').update(data).digest('base64')
  const entry = { package: 'p', version: '1.0.0', integrity: `sha512-${digest}` }
  t.doesNotThrow(() => checkIntegrity(data, entry))
  t.throws(() => checkIntegrity(Buffer.from('tarbalL'), entry), refusal('wrong-integrity'))
  t.end()
})

t.test('npm’s complaints become faults with a cure', (t) => {
  const code = (message: string) => explainNpmFailure('p@1.0.0', message).code
  t.equal(code('npm error code ENOTFOUND'), 'offline')
  t.equal(code('npm error code ECONNREFUSED'), 'offline')
  t.equal(code('npm error code E404'), 'package-missing')
  t.equal(code('npm error code ENOSPC'), 'disk-full')
  t.equal(code('something else'), 'package-fetch-failed')
  t.end()
})

t.test('a place that cannot be written is named', (t) => {
  const folder = t.testdir({ file: 'x' })
  t.throws(() => writeAtomically(join(folder, 'file', 'below'), body), refusal('not-writable'))
  t.end()
})

t.test('what npm ci prepared is all there', (t) => {
  for (const { manifest, modelPath } of readAllManifests()) {
    if (manifest.source.kind === 'npm') t.ok(isIntact(modelPath, manifest.file), manifest.id)
  }
  for (const file of readAssets().packages.flatMap((entry) => entry.files)) {
    t.ok(isIntact(assetPath(file.name), file), file.name)
  }
  t.throws(() => assetPath('../secret'), refusal('asset-unknown'))
  t.end()
})

t.test('preparing again needs no network; damage is mended from what is kept', async (t) => {
  const folder = t.testdir()
  const fetched: string[] = []
  const noNetwork = (entry: PinnedPackage): Promise<Uint8Array> => {
    fetched.push(entry.package)
    return Promise.reject(
      new ModelError({ code: 'offline', what: 'no network', where: entry.package, cure: 'wait' }),
    )
  }
  await prepareModels({ fetchPackage: noNetwork })
  t.same(fetched, [], 'nothing is fetched for what is intact')

  await t.rejects(
    prepareModels({ cacheFolder: folder, fetchPackage: noNetwork }),
    refusal('offline'),
  )
  t.notOk(existsSync(join(folder, 'built')), 'a failed fetch leaves nothing half made')

  cpSync(cacheFolder, folder, { recursive: true })
  const [first, second, third] = readAllManifests().map(({ manifest }) =>
    join(folder, 'built', manifest.file.name),
  )
  rmSync(first)
  truncateSync(second, 100)
  writeFileSync(third, 'rubbish')
  const lines: string[] = []
  await prepareModels({
    cacheFolder: folder,
    fetchPackage: noNetwork,
    onProgress: (line) => lines.push(line),
  })
  t.equal(lines.length, 3, 'only the damaged models are built anew')
  for (const { manifest } of readAllManifests()) {
    if (manifest.source.kind === 'local') continue
    const bytes = readFileSync(join(folder, 'built', manifest.file.name))
    t.equal(sha256Hex(bytes), manifest.file.sha256)
  }
})
