import { z } from 'zod'
import { configSchema } from './schema.js'

/** One key of the configuration that holds a value, as documentation and overrides see it. */
export interface ConfigKey {
  /** Dotted path, such as `mqtt.url`. */
  readonly path: string
  /** For keys that only some camera sources have: those sources. */
  readonly sources: readonly string[]
  readonly type: 'string' | 'number' | 'boolean' | 'list'
  readonly nullable: boolean
  /** What may stand there, for people. */
  readonly allowed: string
  readonly description: string
  /** Undefined where the key is optional; null may itself be a default. */
  readonly preset: unknown
  readonly required: boolean
}

/** The parts of JSON Schema that zod writes for our configuration. */
interface Node {
  readonly type?: string | readonly string[]
  readonly description?: string
  readonly default?: unknown
  readonly const?: string | number
  readonly enum?: readonly unknown[]
  readonly properties?: Readonly<Record<string, Node>>
  readonly required?: readonly string[]
  readonly oneOf?: readonly Node[]
  readonly anyOf?: readonly Node[]
  readonly items?: Node
  readonly minimum?: number
  readonly maximum?: number
  readonly exclusiveMinimum?: number
}

function typeOf(node: Node): ConfigKey['type'] {
  const options = [node, ...(node.anyOf ?? [])]
  const types = options.flatMap((option) => option.type ?? [])
  if (types.includes('array')) return 'list'
  if (types.includes('boolean')) return 'boolean'
  return types.includes('number') || types.includes('integer') ? 'number' : 'string'
}

function allowedIn(node: Node): string {
  if (node.const !== undefined) return `\`${node.const}\``
  if (node.enum) return node.enum.map((value) => `\`${String(value)}\``).join(', ')
  if (node.items) return `list of ${allowedIn(node.items)}`
  if (node.anyOf) return node.anyOf.map(allowedIn).join(' or ')
  const low = node.minimum ?? node.exclusiveMinimum
  if (low !== undefined && node.maximum !== undefined) return `${low} to ${node.maximum}`
  if (node.type === 'boolean') return '`true`, `false`'
  return node.type === 'string' ? 'text' : String(node.type)
}

function isNullable(node: Node): boolean {
  const types = [node, ...(node.anyOf ?? [])].flatMap((option) => option.type ?? [])
  return types.includes('null')
}

function describeNode(path: string, node: Node, required: boolean): ConfigKey {
  const withoutNull = node.anyOf
    ? { ...node, anyOf: node.anyOf.filter((option) => option.type !== 'null') }
    : node
  return {
    path,
    sources: [],
    type: typeOf(node),
    nullable: isNullable(node),
    allowed: allowedIn(withoutNull.anyOf?.length === 1 ? withoutNull.anyOf[0] : withoutNull),
    description: node.description ?? '',
    preset: node.default,
    required: required && node.default === undefined,
  }
}

function walk(path: string, node: Node, required: boolean): ConfigKey[] {
  if (node.oneOf) {
    return mergeSources(path, node.oneOf)
  }
  if (node.properties) {
    return Object.entries(node.properties).flatMap(([name, child]) =>
      walk(path === '' ? name : `${path}.${name}`, child, node.required?.includes(name) ?? false),
    )
  }
  return [describeNode(path, node, required)]
}

/** One line a key for the variants of a union, saying which variants have it. */
function mergeSources(path: string, variants: readonly Node[]): ConfigKey[] {
  const names = variants.map((variant) => String(variant.properties?.['source']?.const))
  const merged = new Map<string, { key: ConfigKey; sources: string[] }>()
  variants.forEach((variant, i) => {
    for (const key of walk(path, variant, true)) {
      const same = JSON.stringify([key.path, key.preset, key.description, key.allowed])
      const id = key.path === `${path}.source` ? key.path : same
      const known = merged.get(id)
      if (known) known.sources.push(names[i])
      else merged.set(id, { key, sources: [names[i]] })
    }
  })
  return [...merged.values()].map(({ key, sources }) =>
    key.path === `${path}.source`
      ? {
          ...key,
          allowed: names.map((name) => `\`${name}\``).join(', '),
          description: 'Kind of camera.',
          preset: 'replay',
          required: false,
        }
      : { ...key, sources: sources.length === names.length ? [] : sources },
  )
}

const jsonSchema = z.toJSONSchema(configSchema, { io: 'input', unrepresentable: 'any' }) as Node

/** Every key that can be set, in the schema's order. */
export const configKeys: readonly ConfigKey[] = walk('', jsonSchema, true)

/** The environment variable that sets a key: `mqtt.passwordFile` is `GENKAN_MQTT_PASSWORD_FILE`. */
export function environmentName(path: string): string {
  const snake = path.replace(/([a-z0-9])([A-Z])/g, '$1_$2').replaceAll('.', '_')
  return `GENKAN_${snake.toUpperCase()}`
}
