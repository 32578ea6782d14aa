import { isMap, parseDocument } from 'yaml'
import type { Answers } from './answers.js'

/** A setting by its path, such as `['camera', 'fps']`. */
export type Setting = readonly [path: readonly string[], value: unknown]

/**
 * A configuration file with settings laid in; its comments and every other key stay as they are.
 * @param text the file as it is, or the documented example
 * @throws Error when it is not YAML that can be changed safely
 */
export function withSettings(text: string, settings: readonly Setting[]): string {
  const document = parseDocument(text)
  const error = document.errors.at(0)
  if (error !== undefined) throw new Error(`the configuration is not YAML: ${error.message}`)
  for (const [path, value] of settings) {
    for (let depth = 1; depth < path.length; depth++) {
      const above = path.slice(0, depth)
      if (!isMap(document.getIn(above))) document.setIn(above, document.createNode({}))
    }
    document.setIn(path, document.createNode(value))
  }
  return document.toString({ lineWidth: 0 })
}

/** The settings that the answers stand for. The camera goes whole: keys of another kind must not stay. */
export function settingsOf({ board, door, camera, mqttUrl, host }: Answers): Setting[] {
  return [
    ...(board === undefined ? [] : [[['board'], board] satisfies Setting]),
    [['door', 'id'], door.id],
    [['door', 'name'], door.name],
    [['camera'], camera],
    ...(mqttUrl === undefined ? [] : [[['mqtt', 'url'], mqttUrl] satisfies Setting]),
    [['admin', 'host'], host],
  ]
}
