import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { CLIP_FRAMES, CLIP_SIDE } from './face-clip.js'
import type { SourcedClip } from './datasets.js'

const labelsSchema = z
  .array(
    z.strictObject({
      person: z.string(),
      source: z.string(),
      kind: z.enum(['live', 'screen', 'head', 'sheet', 'still']),
    }),
  )
  .max(100_000)

const CLIP_LENGTH = CLIP_FRAMES * CLIP_SIDE * CLIP_SIDE

/**
 * Clips of an earlier run, or newly made and kept for the next. Faces stay in these files: keep the
 * folder private and delete it when done.
 * @param folder undefined keeps nothing
 */
export async function cachedClips(
  folder: string | undefined,
  name: string,
  make: () => Promise<SourcedClip[]>,
): Promise<SourcedClip[]> {
  if (folder === undefined) return make()
  const [labelsFile, dataFile] = [join(folder, `${name}.json`), join(folder, `${name}.f32`)]
  if (existsSync(labelsFile) && existsSync(dataFile)) {
    const labels = labelsSchema.parse(JSON.parse(readFileSync(labelsFile, 'utf8')))
    const data = new Float32Array(Uint8Array.from(readFileSync(dataFile)).buffer)
    if (data.length === labels.length * CLIP_LENGTH) {
      return labels.map((label, i) => ({
        ...label,
        clip: data.subarray(i * CLIP_LENGTH, (i + 1) * CLIP_LENGTH),
      }))
    }
  }
  const clips = await make()
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const data = new Float32Array(clips.length * CLIP_LENGTH)
  clips.forEach(({ clip }, i) => data.set(clip, i * CLIP_LENGTH))
  writeFileSync(dataFile, new Uint8Array(data.buffer), { mode: 0o600 })
  const labels = clips.map(({ person, source, kind }) => ({ person, source, kind }))
  writeFileSync(`${labelsFile}.new`, JSON.stringify(labels), { mode: 0o600 })
  renameSync(`${labelsFile}.new`, labelsFile)
  return clips
}
