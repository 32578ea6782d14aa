import { readdirSync, statSync } from 'node:fs'
import { extname, join } from 'node:path'

/** One thing shown to the camera, and what it really was. */
export interface Presentation {
  readonly path: string
  readonly kind: 'picture' | 'clip'
  /** The folder it lies in; attacks go by the name of their folder. */
  readonly species: string
  readonly isLive: boolean
  /** Folder inside the species, or the clip itself; pictures that lie flat have one in common. */
  readonly person: string
}

export interface PresentationList {
  readonly presentations: readonly Presentation[]
  /** Files that are neither picture nor clip by their name. */
  readonly passedOver: readonly string[]
}

const PICTURE = /^\.(jpe?g|png|webp|bmp|gif|tiff?)$/i
const CLIP = /^\.(mp4|m4v|webm|avi|mov|mkv|mpe?g)$/i
const LIVE = /^(live|bona[ _-]?fide|genuine|real)$/i
const MAX_DEPTH = 6

/**
 * Lists a folder of presentations: `live` and one folder an attack species, in each pictures (in a
 * folder a person, or flat) or clips, in a stable order.
 * @throws Error when the folder cannot be read or holds no presentation
 */
export function listPresentations(folder: string): PresentationList {
  const presentations: Presentation[] = []
  const passedOver: string[] = []
  for (const species of entriesOf(folder)) {
    const at = join(folder, species)
    if (!isFolder(at)) {
      passedOver.push(at)
      continue
    }
    const isLive = LIVE.test(species)
    for (const { path, person } of filesBelow(at, undefined, 1)) {
      const kind = kindOf(path)
      if (kind === undefined) passedOver.push(path)
      else {
        const own = person ?? (kind === 'clip' ? path : '')
        presentations.push({
          path,
          kind,
          species: isLive ? 'live' : species,
          isLive,
          person: own,
        })
      }
    }
  }
  if (presentations.length === 0) {
    throw new Error(
      `${folder} holds no presentations; it needs a folder live and one folder an attack species, with pictures or clips inside`,
    )
  }
  return { presentations, passedOver }
}

function kindOf(path: string): Presentation['kind'] | undefined {
  const extension = extname(path)
  if (PICTURE.test(extension)) return 'picture'
  return CLIP.test(extension) ? 'clip' : undefined
}

function* filesBelow(
  folder: string,
  person: string | undefined,
  depth: number,
): Generator<{ readonly path: string; readonly person: string | undefined }> {
  for (const name of entriesOf(folder)) {
    const path = join(folder, name)
    if (!isFolder(path)) yield { path, person }
    else if (depth < MAX_DEPTH) yield* filesBelow(path, person ?? name, depth + 1)
  }
}

function entriesOf(folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => !name.startsWith('.'))
    .sort()
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true
}
