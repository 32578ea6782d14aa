import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { extname, join, sep } from 'node:path'
import { fileURLToPath } from 'node:url'

import { packageRoot } from '../config/paths.js'

const CONTENT_TYPES: Readonly<Partial<Record<string, string>>> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
  '.woff2': 'font/woff2',
}

/** The pages that have an address of their own; every other file is at `/FOLDER/NAME`. */
const PAGE_PATHS: Readonly<Partial<Record<string, string>>> = {
  '/console/index.html': '/',
  '/console/docs.html': '/docs',
  '/kiosk/index.html': '/kiosk',
}

/** The libraries of the pages: by what name they are imported, and where browsers get them. */
const LIBRARIES: Readonly<Record<string, string>> = {
  preact: '/console/library/preact.js',
  'preact/hooks': '/console/library/preact-hooks.js',
  'preact/jsx-runtime': '/console/library/preact-jsx-runtime.js',
  '@preact/signals': '/console/library/preact-signals.js',
  '@preact/signals-core': '/console/library/preact-signals-core.js',
  uplot: '/console/library/uplot.js',
}

/** Where the module of a library is, when its package gives Node another than browsers need. */
const BROWSER_MODULES: Readonly<Partial<Record<string, string>>> = {
  uplot: 'uplot/dist/uPlot.esm.js',
}

const IMPORT_MAP = JSON.stringify({ imports: LIBRARIES })
const IMPORT_MAP_PLACE = '<!-- import map -->'

/** CSP source of the one inline script that the pages have: their import map. */
export const importMapSource = `'sha256-${createHash('sha256').update(IMPORT_MAP).digest('base64')}'`

/** One file of the pages as it is answered. */
export interface PageFile {
  readonly path: string
  readonly type: string
  readonly content: Uint8Array<ArrayBuffer>
}

function contentOf(file: string): Uint8Array<ArrayBuffer> {
  switch (extname(file)) {
    case '.html': {
      const map = `<script type="importmap">${IMPORT_MAP}</script>`
      return new TextEncoder().encode(readFileSync(file, 'utf8').replace(IMPORT_MAP_PLACE, map))
    }
    case '.js':
      // Maps are not served, so nothing may point at them.
      return new TextEncoder().encode(
        readFileSync(file, 'utf8').replace(/^\/\/# sourceMappingURL=.*$/m, ''),
      )
    default:
      return new Uint8Array(readFileSync(file))
  }
}

function filesBelow(folder: string, path: string): PageFile[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).flatMap((name) => {
    const type = CONTENT_TYPES[extname(name)]
    if (type === undefined) return []
    const at = `${path}/${name.replaceAll(sep, '/')}`
    return [{ path: PAGE_PATHS[at] ?? at, type, content: contentOf(join(folder, name)) }]
  })
}

function libraryFile(name: string, path: string): PageFile {
  const file = fileURLToPath(import.meta.resolve(BROWSER_MODULES[name] ?? name))
  return { path, type: 'text/javascript; charset=utf-8', content: contentOf(file) }
}

/**
 * All files of the console and the kiosk display: what stands beside the sources (pages, styles,
 * fonts), the compiled modules, and the libraries that they import.
 * @throws Error when a file can't be read or the pages are not built
 */
export function readPageFiles(): PageFile[] {
  const own = ['console', 'kiosk'].flatMap((name) => [
    ...filesBelow(join(packageRoot, 'src', 'admin', name), `/${name}`),
    ...filesBelow(fileURLToPath(new URL(name, import.meta.url)), `/${name}`),
  ])
  const plotStyle = fileURLToPath(import.meta.resolve('uplot/dist/uPlot.min.css'))
  return [
    ...own,
    ...Object.entries(LIBRARIES).map(([name, path]) => libraryFile(name, path)),
    {
      path: '/console/library/uplot.css',
      type: 'text/css; charset=utf-8',
      content: contentOf(plotStyle),
    },
  ]
}
