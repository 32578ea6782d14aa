import { EMBEDDING_LENGTH } from '../encoding/embedding.js'

/** Whether it is what an encoder gives: 128 numbers of length one. */
export function isUnitVector(vector: Float32Array): boolean {
  if (vector.length !== EMBEDDING_LENGTH) return false
  const sumSq = vector.reduce((sum, component) => sum + component * component, 0)
  return Math.abs(sumSq - 1) < 1e-3
}

/** Little-endian float32, whatever the machine. */
export function toVectorBytes(vector: Float32Array): Buffer {
  const bytes = Buffer.allocUnsafe(vector.length * 4)
  vector.forEach((component, index) => bytes.writeFloatLE(component, index * 4))
  return bytes
}

/** `undefined` for bytes that are no unit vector. */
export function toVector(bytes: Buffer): Float32Array | undefined {
  if (bytes.length !== EMBEDDING_LENGTH * 4) return undefined
  const vector = Float32Array.from({ length: EMBEDDING_LENGTH }, (_, index) =>
    bytes.readFloatLE(index * 4),
  )
  return isUnitVector(vector) ? vector : undefined
}
