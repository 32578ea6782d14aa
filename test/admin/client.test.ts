import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import openapiTS, { astToString } from 'openapi-typescript'
import sharp from 'sharp'
import t from 'tap'
import ts from 'typescript'

import { serveAdmin } from '../../src/admin/serve.js'
import { packageRoot } from '../../src/config/paths.js'
import { assetPath } from '../../src/models/registry.js'
import { readDocument } from './api-document.js'
import { openRealDoor } from './real-door.js'

/** What `client-walk.ts` exports; it is compiled here, against types that are made here. */
interface WalkModule {
  walkApi(baseUrl: string, token: string, picture: Blob): Promise<Record<string, unknown>>
}

const WALK = join(packageRoot, 'test', 'admin', 'client-walk.ts')
const TYPES = join(packageRoot, 'test', 'admin', 'openapi-types.ts')

/** The project's own options, with one file that is on no disk. */
function compile(types: string): { problems: string[]; script: string | undefined } {
  const config = ts.readConfigFile(join(packageRoot, 'tsconfig.json'), (file) =>
    readFileSync(file, 'utf8'),
  )
  const parsed = ts.parseJsonConfigFileContent(config.config, ts.sys, packageRoot)
  const options = { ...parsed.options, incremental: false, sourceMap: false }
  const host = ts.createCompilerHost(options)
  const fileExists = host.fileExists.bind(host)
  const readFile = host.readFile.bind(host)
  const getSourceFile = host.getSourceFile.bind(host)
  host.fileExists = (name) => name === TYPES || fileExists(name)
  host.readFile = (name) => (name === TYPES ? types : readFile(name))
  host.getSourceFile = (name, version, ...rest) =>
    name === TYPES
      ? ts.createSourceFile(name, types, version)
      : getSourceFile(name, version, ...rest)
  const program = ts.createProgram([WALK], options, host)
  let script: string | undefined
  program.emit(program.getSourceFile(WALK), (name, text) => {
    if (name.endsWith('.js')) script = text
  })
  const problems = ts
    .getPreEmitDiagnostics(program)
    .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'))
  return { problems, script }
}

t.test('a client made from the document walks over the API', { timeout: 120_000 }, async (t) => {
  const door = await openRealDoor(t)
  const document = await readDocument(door.app)
  // What has a default need not be sent.
  const types = astToString(
    await openapiTS(JSON.stringify(document), { defaultNonNullable: false }),
  )
  const { problems, script } = compile(types)
  t.same(problems, [], 'the walk reads and sends only what the document promises')

  const compiled = new URL('client-walk.js', import.meta.url)
  writeFileSync(compiled, script ?? '')
  const walk = (await import(compiled.href)) as WalkModule

  const server = await serveAdmin({ app: door.app, host: '127.0.0.1', port: 0 })
  t.teardown(() => server.stop())
  const picture = await sharp(assetPath('joconde.jpg')).jpeg().toBuffer()
  const seen = await walk.walkApi(
    server.url.replace(/\/$/, ''),
    door.tokens.admin,
    new Blob([new Uint8Array(picture)], { type: 'image/jpeg' }),
  )
  t.match(seen, {
    name: 'Lisa Gherardini',
    faces: 1,
    identified: true,
    verified: 'same',
    refused: 'person-not-found',
    erased: { templates: 1, pictures: 1 },
  })
})
