import { join } from 'node:path'

/** One labelled comparison of a pair file. */
export interface LabelledPair {
  readonly fold: number
  readonly same: boolean
  readonly paths: readonly [string, string]
}

const MAX_PAIRS = 1_000_000

/**
 * Reads a pair file in LFW's form: a first line `FOLDS PAIRS` (tab or blank between), then for each
 * fold PAIRS lines `Name i j` (same person) and PAIRS lines `Name1 i Name2 j` (different persons).
 * @param text the file's text
 * @param folder where pictures stand as `Name/Name_0001.jpg`
 * @throws Error that names the line that does not fit
 */
export function parseLfwPairs(text: string, folder: string): LabelledPair[] {
  const lines = text
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '')
  const [folds, perFold] = (lines.at(0) ?? '').split(/\s+/).map(Number)
  if (!Number.isInteger(folds) || !Number.isInteger(perFold) || folds < 1 || perFold < 1) {
    throw new Error('line 1 of the pair file must be `FOLDS PAIRS`, two whole numbers')
  }
  const expected = folds * perFold * 2
  if (expected > MAX_PAIRS) throw new Error(`the pair file promises more than ${MAX_PAIRS} pairs`)
  if (lines.length - 1 !== expected) {
    throw new Error(`the pair file promises ${expected} pairs and holds ${lines.length - 1}`)
  }
  return lines.slice(1).map((line, i) => {
    const fold = Math.floor(i / (2 * perFold))
    const same = i % (2 * perFold) < perFold
    const fields = line.split(/\s+/)
    const paths = same ? samePaths(fields, folder) : differentPaths(fields, folder)
    if (paths === undefined) {
      const form = same ? '`Name i j`' : '`Name1 i Name2 j`'
      throw new Error(`line ${i + 2} of the pair file must be ${form}, got: ${line.slice(0, 100)}`)
    }
    return { fold, same, paths }
  })
}

function samePaths(fields: readonly string[], folder: string): [string, string] | undefined {
  if (fields.length !== 3) return undefined
  const [name, i, j] = fields
  return pathsOf(folder, [name, i], [name, j])
}

function differentPaths(fields: readonly string[], folder: string): [string, string] | undefined {
  if (fields.length !== 4) return undefined
  const [name1, i, name2, j] = fields
  return pathsOf(folder, [name1, i], [name2, j])
}

function pathsOf(
  folder: string,
  ...pictures: readonly [readonly [string, string], readonly [string, string]]
): [string, string] | undefined {
  const plain = pictures.every(
    ([name, index]) => !/[/\\]|^\.\.?$/.test(name) && /^\d{1,6}$/.test(index),
  )
  if (!plain) return undefined
  const [first, second] = pictures.map(([name, index]) =>
    join(folder, name, `${name}_${index.padStart(4, '0')}.jpg`),
  )
  return [first, second]
}
