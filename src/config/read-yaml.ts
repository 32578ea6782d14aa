import { closeSync, openSync, readSync } from 'node:fs'
import { parseDocument } from 'yaml'
import { ConfigError } from './config-error.js'

/** A configuration file larger than this is not one. */
export const MAX_CONFIG_BYTES = 128 * 1024

/** Values as YAML's core schema knows them. */
export type YamlSection = Readonly<Record<string, unknown>>

function readBounded(path: string): string {
  const memory = Buffer.alloc(MAX_CONFIG_BYTES + 1)
  const file = openSync(path, 'r')
  try {
    let filled = 0
    for (;;) {
      const read = readSync(file, memory, filled, memory.length - filled, null)
      filled += read
      if (read === 0 || filled === memory.length) break
    }
    if (filled > MAX_CONFIG_BYTES) {
      throw new ConfigError(path, [
        {
          path,
          what: `is larger than ${MAX_CONFIG_BYTES} bytes`,
          cure: 'name the configuration file, not another one',
        },
      ])
    }
    return new TextDecoder('utf-8', { fatal: true }).decode(memory.subarray(0, filled))
  } finally {
    closeSync(file)
  }
}

/** Whether a value is a section (a mapping), not a list or a scalar. */
export function isSection(value: unknown): value is YamlSection {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/**
 * Reads a YAML file whose top level is a mapping. Aliases and duplicate keys are refused.
 * @returns an empty section for an empty file
 * @throws ConfigError saying what is wrong and the cure
 */
export function readYaml(path: string): YamlSection {
  const fail = (what: string, cure: string): ConfigError =>
    new ConfigError(path, [{ path, what, cure }])
  let text: string
  try {
    text = readBounded(path)
  } catch (error) {
    if (error instanceof ConfigError) throw error
    const code = (error as NodeJS.ErrnoException).code
    if (code === 'ENOENT') throw fail('is not there', 'correct the path, or leave it out')
    if (code === 'EACCES') throw fail('may not be read', 'let the user that runs genkan read it')
    if (code === 'EISDIR') throw fail('is a folder', 'name the file in it')
    throw fail('is not a UTF-8 text file', 'write it again as UTF-8 text')
  }
  let value: unknown
  try {
    const document = parseDocument(text, { version: '1.2', schema: 'core', uniqueKeys: true })
    if (document.errors.length > 0) {
      throw fail(document.errors[0].message.split('\n', 1)[0], 'correct the YAML there')
    }
    value = document.toJS({ maxAliasCount: 0 })
  } catch (error) {
    if (error instanceof ConfigError) throw error
    const isAlias = error instanceof ReferenceError
    throw isAlias
      ? fail('uses a YAML alias', 'write the values out; anchors and aliases are not read')
      : fail("can't be read as YAML", 'write it with few levels, as the example file shows')
  }
  if (value === null || value === undefined) return {}
  if (!isSection(value)) throw fail('is not a mapping of keys', 'begin with a section, like door:')
  // A section whose lines are all commented out is there, but empty.
  return Object.fromEntries(Object.entries(value).filter(([, section]) => section !== null))
}
