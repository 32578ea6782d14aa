import { readdirSync } from 'node:fs'
import { join } from 'node:path'

const NAME = /^([a-z0-9][a-z0-9_-]{0,63})\.onnx$/

/** The trained styles of a folder, as `genkan style train` writes them; none where there is none. */
export function listTrainedStyles(folder: string): string[] {
  try {
    return readdirSync(folder)
      .flatMap((name) => NAME.exec(name)?.[1] ?? [])
      .sort()
  } catch {
    return []
  }
}

/** Where the model of a trained style lies. */
export const trainedStylePath = (folder: string, id: string): string => join(folder, `${id}.onnx`)
