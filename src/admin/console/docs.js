import { byId, element } from './element.js'

const AUTHORIZATION = '-H "Authorization: Bearer $TOKEN"'

/** A request that can be pasted into a shell, with TOKEN set before. */
function curlOf(method, path, operation) {
  const parts = ['curl']
  if (operation.security) parts.push(AUTHORIZATION)
  if (method !== 'get') parts.push(`-X ${method.toUpperCase()}`)
  if (path.endsWith('/events')) parts.push('-N')
  if (path.endsWith('.jpg')) parts.push('-o snapshot.jpg')
  const content = operation.requestBody?.content ?? {}
  const form = content['multipart/form-data']?.schema.properties
  if (form === undefined && content['application/json']) {
    parts.push('-H "Content-Type: application/json" -d @body.json')
  }
  if (form?.name) parts.push('-F name="Aiko Tanaka"')
  if (form?.picture) parts.push('-F picture=@aiko.jpg')
  return `${parts.join(' ')} ${location.origin}${path.replace(/\{(\w+)\}/g, (_, name) => `$${name.toUpperCase()}`)}`
}

const kindOf = (schema = {}) =>
  schema.$ref?.split('/').pop() ??
  schema.enum?.join(' | ') ??
  [schema.type, schema.format].flat().filter(Boolean).join(', ')

function table(title, rows) {
  if (rows.length === 0) return []
  const list = element('dl')
  for (const [term, text] of rows) {
    list.append(element('dt', {}, element('code', {}, term)), element('dd', {}, text))
  }
  return [element('h3', {}, title), list]
}

function bodyRows(requestBody) {
  return Object.entries(requestBody?.content ?? {}).map(([type, { schema }]) => [
    type,
    schema.properties
      ? Object.entries(schema.properties)
          .map(([name]) => (schema.required?.includes(name) ? name : `${name} (optional)`))
          .join(', ')
      : kindOf(schema),
  ])
}

function rolesText({ 'x-access': access, 'x-roles': roles = [] }) {
  if (access === 'open') return 'Needs no token.'
  return `Roles: ${roles.join(', ')}. Any other gets 403, no valid token 401.`
}

function operationOf(path, method, operation) {
  const { summary, description, parameters = [], requestBody, responses } = operation
  return element(
    'details',
    { class: 'operation' },
    element(
      'summary',
      {},
      element('span', { class: 'method', data: { method } }, method.toUpperCase()),
      element('code', {}, path),
      element('span', {}, summary),
    ),
    element(
      'div',
      { class: 'operation-body' },
      element('p', { class: 'roles' }, rolesText(operation)),
      ...(description ? [element('p', {}, description.replaceAll('`', ''))] : []),
      element('pre', { tabindex: '0' }, curlOf(method, path, operation)),
      ...table(
        'Parameters',
        parameters.map(({ name, schema, description: what, required }) => [
          name,
          [required ? 'required' : 'optional', kindOf(schema), what].filter(Boolean).join(' · '),
        ]),
      ),
      ...table('Body', bodyRows(requestBody)),
      ...table(
        'Answers',
        Object.entries(responses).map(([status, answer]) => [status, answer.description]),
      ),
    ),
  )
}

function show(document_) {
  byId('first-curl').textContent = curlOf(
    'post',
    '/api/persons',
    document_.paths['/api/persons'].post,
  ).replace(' -X POST', '')

  const groups = new Map()
  for (const [path, operations] of Object.entries(document_.paths)) {
    for (const [method, operation] of Object.entries(operations)) {
      const [tag] = operation.tags
      groups.set(tag, [...(groups.get(tag) ?? []), operationOf(path, method, operation)])
    }
  }
  for (const [tag, operations] of groups) {
    byId('operations').append(element('section', {}, element('h2', {}, tag), ...operations))
  }

  for (const [code, { status, title, cause, cure }] of Object.entries(document_['x-problems'])) {
    byId('problems').append(
      element('dt', { id: code }, element('code', {}, code)),
      element('dd', {}, `${status} · ${title}. ${cause} ${cure}`),
    )
  }
  if (location.hash) byId(location.hash.slice(1))?.scrollIntoView()
}

try {
  const response = await fetch('/openapi.json')
  if (!response.ok) throw new Error(`HTTP ${response.status}`)
  show(await response.json())
} catch (error) {
  byId('docs-problem').textContent = `The API's description could not be read: ${error.message}`
}
