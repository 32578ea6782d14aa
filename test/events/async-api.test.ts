import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'

import { Ajv, type ValidateFunction } from 'ajv'
import addFormats from 'ajv-formats'
import t from 'tap'

import { asyncApiText } from '../../src/commands/asyncapi.js'
import { packageRoot } from '../../src/config/paths.js'
import { asyncApiDocument, kindOfTopic } from '../../src/events/async-api.js'

interface Document {
  readonly components: { readonly messages: Record<string, { readonly payload: object }> }
  readonly operations: Record<
    string,
    { readonly bindings: { readonly mqtt: { readonly qos: number; readonly retain: boolean } } }
  >
}

const require = createRequire(import.meta.url)

t.test('the document is valid AsyncAPI 3', (t) => {
  const specification = require('@asyncapi/specs/schemas/3.0.0.json') as object
  const ajv = new Ajv({ strict: false, validateSchema: false, meta: false })
  addFormats.default(ajv)
  const validate = ajv.compile(specification)
  t.ok(validate(asyncApiDocument('0.0.0')), JSON.stringify(validate.errors?.slice(0, 5)))
  t.notOk(validate({ ...asyncApiDocument('0.0.0'), channels: [] }), 'and could be invalid')
  t.end()
})

t.test('the committed copy is what the schemas say today', (t) => {
  const committed = readFileSync(join(packageRoot, 'asyncapi.json'), 'utf8')
  t.equal(committed, asyncApiText(), 'bring it up to date: genkan asyncapi > asyncapi.json')
  t.end()
})

t.test('each payload schema compiles', (t) => {
  const document = asyncApiDocument('0.0.0') as unknown as Document
  const ajv = new Ajv({ strict: false })
  addFormats.default(ajv)
  ajv.addFormat('ulid', true)
  const validators: Record<string, ValidateFunction> = {}
  for (const [name, { payload }] of Object.entries(document.components.messages)) {
    validators[name] = ajv.compile(payload)
    t.notOk(validators[name]({ hello: 'world' }), `${name} takes not everything`)
  }
  t.equal(kindOfTopic('genkan/front/command/open', 'genkan', 'front'), 'commandOpen')
  t.equal(kindOfTopic('genkan/front/response/me', 'genkan', 'front'), 'response')
  t.equal(kindOfTopic('genkan/other/grant', 'genkan', 'front'), undefined)
  t.end()
})
