import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { extname, join } from 'node:path'

import { packageRoot } from '../config/paths.js'
import type { AdminApp } from './environment.js'

const CONTENT_TYPES: Readonly<Partial<Record<string, string>>> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
  '.woff2': 'font/woff2',
}

/** The pages that have an address of their own; every other file is at `/console/NAME`. */
const PAGE_PATHS: Readonly<Partial<Record<string, string>>> = {
  'index.html': '/',
  'docs.html': '/docs',
}

/**
 * Serves the pages' files, unbuilt and open: they hold no data.
 * Only files found at construction have an address, so a request's path never reaches the disk.
 * @throws Error when the folder can't be read
 */
export function addPages(app: AdminApp): void {
  const folder = join(packageRoot, 'src', 'admin', 'console')
  for (const name of readdirSync(folder)) {
    const type = CONTENT_TYPES[extname(name)]
    if (type === undefined) continue
    const content = new Uint8Array(readFileSync(join(folder, name)))
    const etag = `"${createHash('sha256').update(content).digest('base64url').slice(0, 22)}"`
    app.get(PAGE_PATHS[name] ?? `/console/${name}`, (c) => {
      const headers = { ETag: etag, 'Cache-Control': 'no-cache' }
      if (c.req.header('If-None-Match') === etag) return c.body(null, 304, headers)
      return c.body(content, 200, { ...headers, 'Content-Type': type })
    })
  }
}
