import { COMMON_CAMERA_KEYS } from './camera-schema.js'
import { isSection, type YamlSection } from './read-yaml.js'

function merge(under: YamlSection, over: YamlSection): YamlSection {
  const merged = new Map<string, unknown>(Object.entries(under))
  for (const [key, value] of Object.entries(over)) {
    const below = merged.get(key)
    merged.set(key, isSection(below) && isSection(value) ? merge(below, value) : value)
  }
  return Object.fromEntries(merged)
}

function withoutOtherSource(under: YamlSection, over: YamlSection): YamlSection {
  const [below, above] = [under['camera'], over['camera']]
  if (!isSection(below) || !isSection(above)) return under
  const source = above['source']
  if (source === undefined || source === below['source']) return under
  const common = Object.entries(below).filter(([key]) => COMMON_CAMERA_KEYS.includes(key))
  return { ...under, camera: Object.fromEntries(common) }
}

/**
 * Lays one partial configuration over another, key by key. Where it chooses another camera source,
 * the keys of the source beneath don't shine through.
 */
export function mergeSections(under: YamlSection, over: YamlSection): YamlSection {
  return merge(withoutOtherSource(under, over), over)
}
