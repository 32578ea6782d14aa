import t from 'tap'

import { createAdminApp } from '../../src/admin/app.js'
import { readPageFiles } from '../../src/admin/page-files.js'
import { createMemoryDoor } from './memory-door.js'

const files = readPageFiles()
const app = createAdminApp(createMemoryDoor().ports)

/** What a browser may be sent before it shows a page; a phone on a slow line loads it in seconds. */
const MOST_BYTES = 640 * 1024

t.test('console, display and documentation together are light', (t) => {
  const bytes = files.reduce((sum, { content }) => sum + content.length, 0)
  t.ok(bytes < MOST_BYTES, `${bytes} bytes in ${files.length} files`)
  t.end()
})

t.test('every page lets in nothing but what this server sends', async (t) => {
  for (const path of ['/', '/kiosk', '/docs']) {
    const { headers } = await app.request(path)
    const policy = headers.get('Content-Security-Policy') ?? ''
    t.notMatch(policy, /unsafe|\*|https?:|data:/, path)
    for (const rule of [
      "default-src 'self'",
      "object-src 'none'",
      "base-uri 'none'",
      "form-action 'none'",
      "frame-ancestors 'none'",
      "require-trusted-types-for 'script'",
    ]) {
      t.match(policy, rule, path)
    }
    t.equal(headers.get('X-Content-Type-Options'), 'nosniff')
    t.equal(headers.get('Referrer-Policy'), 'no-referrer')
  }
})

t.test('no page and no style names a file of another server', (t) => {
  const decoder = new TextDecoder()
  const pages = files.filter(({ type }) => /html|css/.test(type))
  t.ok(pages.length > 6)
  for (const { path, content } of pages) {
    t.notMatch(decoder.decode(content), /(?:src|href|url)\s*[=(]\s*["']?(?:https?:)?\/\//, path)
  }
  t.end()
})

t.test('a page that is known already is not sent again', async (t) => {
  const first = await app.request('/console/main.js')
  const etag = first.headers.get('ETag') ?? ''
  const second = await app.request('/console/main.js', { headers: { 'If-None-Match': etag } })
  t.equal(second.status, 304)
  t.equal((await second.arrayBuffer()).byteLength, 0)
})
