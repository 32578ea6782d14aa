import { readFileSync } from 'node:fs'

import { decodeImage } from '../frame/decode.js'
import type { Image } from '../frame/image.js'
import { assetPath } from '../models/registry.js'
import { paintPattern, STYLE_PATTERNS } from './patterns.js'

/** A picture that ships with genkan. */
export interface LibraryEntry {
  readonly id: string
  readonly use: 'content' | 'style'
  readonly title: string
}

/** The pictures that ship with genkan. */
export interface StyleLibrary {
  list(): readonly LibraryEntry[]
  find(id: string): LibraryEntry | undefined
  /** Where a photograph lies; `undefined` of a pattern. */
  fileOf(id: string): string | undefined
  /**
   * Patterns are drawn, which takes its time.
   * @param sidePixels of a pattern; photographs come as they are
   * @throws Error for an id that is not in the list, or a file that `npm ci` did not bring
   */
  read(id: string, sidePixels?: number): Promise<Image>
}

/** Photographs and a painting of the pinned packages. */
const CONTENTS = [
  { id: 'mona-lisa', title: 'Mona Lisa', file: 'joconde.jpg' },
  ...[1, 2, 3, 4, 5, 6].map((number) => ({
    id: `people-${number}`,
    title: `People ${number}`,
    file: `sample${number}.jpg`,
  })),
]

/** The library: patterns as styles, the sample pictures as content. */
export function createStyleLibrary(): StyleLibrary {
  const entries: LibraryEntry[] = [
    ...CONTENTS.map(({ id, title }) => ({ id, title, use: 'content' as const })),
    ...STYLE_PATTERNS.map(({ id, title }) => ({ id, title, use: 'style' as const })),
  ]
  const fileOf = (id: string) => {
    const content = CONTENTS.find((one) => one.id === id)
    return content && assetPath(content.file)
  }
  return {
    list: () => entries,
    find: (id) => entries.find((entry) => entry.id === id),
    fileOf,
    async read(id, sidePixels) {
      const pattern = paintPattern(id, sidePixels)
      if (pattern !== undefined) return pattern
      const file = fileOf(id)
      if (file === undefined) throw new Error(`the library has no picture ${id}`)
      const decoded = await decodeImage(readFileSync(file))
      if (!decoded.ok) throw new Error(`${file}: ${decoded.detail}`)
      return decoded.image
    },
  }
}
