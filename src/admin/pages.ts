import { createHash } from 'node:crypto'

import type { AdminApp } from './environment.js'
import { readPageFiles } from './page-files.js'

/**
 * Serves the pages' files, open to everybody: they hold no data.
 * Only files found at construction have an address, so a request's path never reaches the disk.
 * @throws Error when a file can't be read
 */
export function addPages(app: AdminApp): void {
  for (const { path, type, content } of readPageFiles()) {
    const etag = `"${createHash('sha256').update(content).digest('base64url').slice(0, 22)}"`
    app.get(path, (c) => {
      const headers = { ETag: etag, 'Cache-Control': 'no-cache' }
      if (c.req.header('If-None-Match') === etag) return c.body(null, 304, headers)
      return c.body(content, 200, { ...headers, 'Content-Type': type })
    })
  }
}
