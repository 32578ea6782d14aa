import { existsSync, readFileSync, statSync } from 'node:fs'
import { z } from 'zod'
import { EMBEDDING_LENGTH } from '../encoding/embedding.js'
import type { LearningPerson } from '../learning/people.js'
import { sha256Hex, writeAtomically } from '../models/checked-file.js'
import { listLabelledPictures } from './labelled-pictures.js'

const vectorText = z.base64().refine((text) => toVector(text).length === EMBEDDING_LENGTH)
const fileSchema = z.strictObject({
  format: z.literal('genkan-encoded-people/1'),
  /** Whatever the vectors depend on. */
  setting: z.string(),
  people: z.array(
    z.strictObject({
      id: z.string(),
      pictures: z.array(
        z.strictObject({ id: z.string(), vector: vectorText, altered: z.array(vectorText) }),
      ),
    }),
  ),
})

function toText(vector: Float32Array): string {
  return Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength).toString('base64')
}

function toVector(text: string): Float32Array {
  const bytes = Buffer.from(text, 'base64')
  return Float32Array.from({ length: Math.floor(bytes.length / 4) }, (_, i) =>
    bytes.readFloatLE(4 * i),
  )
}

/** Changes with any picture of a folder that comes, goes or gets another size. */
export function folderMark(folder: string): string {
  const lines = listLabelledPictures(folder).map(({ path }) => `${path} ${statSync(path).size}`)
  return sha256Hex(Buffer.from(lines.join('\n'))).slice(0, 16)
}

/**
 * People out of a file, where it was made by the same setting; else gathered, and the file written, so
 * that a long command that was cut need not encode the same pictures again.
 * @param file `undefined` keeps nothing
 */
export async function keptPeople(
  file: string | undefined,
  setting: string,
  gather: () => Promise<readonly LearningPerson[]>,
): Promise<readonly LearningPerson[]> {
  const kept = file === undefined ? undefined : readPeople(file, setting)
  if (kept !== undefined) return kept
  const people = await gather()
  if (file !== undefined) {
    const content: z.infer<typeof fileSchema> = {
      format: 'genkan-encoded-people/1',
      setting,
      people: people.map(({ id, pictures }) => ({
        id,
        pictures: pictures.map((picture) => ({
          id: picture.id,
          vector: toText(picture.vector),
          altered: picture.altered.map(toText),
        })),
      })),
    }
    writeAtomically(file, Buffer.from(`${JSON.stringify(content)}\n`))
  }
  return people
}

function readPeople(file: string, setting: string): LearningPerson[] | undefined {
  if (!existsSync(file)) return undefined
  let content: unknown
  try {
    content = JSON.parse(readFileSync(file, 'utf8'))
  } catch {
    return undefined
  }
  const found = fileSchema.safeParse(content)
  if (!found.success || found.data.setting !== setting) return undefined
  return found.data.people.map(({ id, pictures }) => ({
    id,
    pictures: pictures.map((picture) => ({
      id: picture.id,
      vector: toVector(picture.vector),
      altered: picture.altered.map(toVector),
    })),
  }))
}
