import { z } from 'zod'

const MAX_WEIGHT_BYTES = 256 * 1024 * 1024

const quantizationSchema = z.discriminatedUnion('dtype', [
  z.object({ dtype: z.literal('float16') }),
  z.object({ dtype: z.enum(['uint8', 'uint16']), scale: z.number(), min: z.number() }),
])

const weightSchema = z.object({
  name: z.string().min(1).max(500),
  shape: z.array(z.int().min(0).max(1_000_000)).max(6),
  dtype: z.enum(['float32', 'int32']),
  quantization: quantizationSchema.optional(),
})

/** The `weightsManifest` of tfjs: what the weight files hold, in order. */
export const weightsManifestSchema = z
  .array(z.object({ weights: z.array(weightSchema).max(10_000) }))
  .min(1)
  .max(64)

type WeightEntry = z.infer<typeof weightSchema>

/** A constant of a tfjs model, row-major in TensorFlow's own layout. */
export interface TfTensor {
  readonly shape: readonly number[]
  readonly values: Float32Array | Int32Array
}

/** IEEE 754 half precision to a number. */
export function fromFloat16(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1
  const exponent = (bits >> 10) & 0x1f
  const fraction = bits & 0x3ff
  if (exponent === 0) return sign * fraction * 2 ** -24
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN
  return sign * (1024 + fraction) * 2 ** (exponent - 25)
}

function bytesPerValue({ quantization }: WeightEntry): number {
  if (quantization === undefined) return 4
  return quantization.dtype === 'uint8' ? 1 : 2
}

function decodeWeight(entry: WeightEntry, data: DataView, length: number): TfTensor['values'] {
  const { dtype, quantization } = entry
  if (quantization === undefined) {
    return dtype === 'int32'
      ? Int32Array.from({ length }, (_, i) => data.getInt32(4 * i, true))
      : Float32Array.from({ length }, (_, i) => data.getFloat32(4 * i, true))
  }
  const values = Float32Array.from({ length }, (_, i) => {
    switch (quantization.dtype) {
      case 'float16':
        return fromFloat16(data.getUint16(2 * i, true))
      case 'uint8':
        return data.getUint8(i) * quantization.scale + quantization.min
      case 'uint16':
        return data.getUint16(2 * i, true) * quantization.scale + quantization.min
    }
  })
  return dtype === 'int32' ? Int32Array.from(values, Math.round) : values
}

/**
 * Reads the weights of a tfjs model.
 * @param manifest the parsed `weightsManifest`
 * @param data the weight files, joined in the manifest's order
 * @throws Error when the manifest is not one, or does not account for every byte
 */
export function decodeWeights(
  manifest: z.infer<typeof weightsManifestSchema>,
  data: Uint8Array,
): Map<string, TfTensor> {
  if (data.length > MAX_WEIGHT_BYTES) throw new Error('the weight files are too large')
  const weights = new Map<string, TfTensor>()
  let offset = 0
  for (const entry of manifest.flatMap((group) => group.weights)) {
    const length = entry.shape.reduce((product, dimension) => product * dimension, 1)
    const bytes = length * bytesPerValue(entry)
    if (offset + bytes > data.length) {
      throw new Error(`the weight file ends within ${entry.name}`)
    }
    const view = new DataView(data.buffer, data.byteOffset + offset, bytes)
    weights.set(entry.name, { shape: entry.shape, values: decodeWeight(entry, view, length) })
    offset += bytes
  }
  if (offset !== data.length) {
    throw new Error(`the weight file holds ${data.length - offset} bytes more than its manifest`)
  }
  return weights
}

/**
 * Reads the weights of a model that comes as a bare weights manifest, without a graph.
 * @throws Error as {@link decodeWeights}
 */
export function readWeights(json: Uint8Array, data: Uint8Array): Map<string, TfTensor> {
  const manifest = weightsManifestSchema.parse(JSON.parse(new TextDecoder().decode(json)))
  return decodeWeights(manifest, data)
}
