/** The part of a `Map` by string keys that the gallery needs. */
export interface ShardedMap<V> {
  readonly size: number
  get(key: string): V | undefined
  has(key: string): boolean
  set(key: string, value: V): void
  delete(key: string): boolean
}

const SHARDS = 1024

/** FNV-1a, enough to spread ids evenly. */
function shardOf(key: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193)
  return (hash ^ (hash >>> 15)) & (SHARDS - 1)
}

/**
 * A map in many small ones. A `Map` is rehashed whole when it doubles, which at a million entries
 * holds up everything for some 100 ms; here only a thousandth of it is.
 */
export function createShardedMap<V>(): ShardedMap<V> {
  const shards = Array.from({ length: SHARDS }, () => new Map<string, V>())
  let size = 0

  return {
    get size() {
      return size
    },
    get: (key) => shards[shardOf(key)].get(key),
    has: (key) => shards[shardOf(key)].has(key),
    set(key, value) {
      const shard = shards[shardOf(key)]
      const before = shard.size
      shard.set(key, value)
      size += shard.size - before
    },
    delete(key) {
      const isGone = shards[shardOf(key)].delete(key)
      if (isGone) size--
      return isGone
    },
  }
}
