import { z } from 'zod'

/** How the two sides of a PRelu are computed in 8 bits; see `splitPRelu`. */
export const preluStyleSchema = z.enum(['max2', 'maxdw', 'hybrid'])

/** {@link preluStyleSchema} */
export type PReluStyle = z.infer<typeof preluStyleSchema>

const valueName = z.string().min(1).max(500)

/**
 * Everything that calibration on pictures found out about a float model, as plain numbers: enough to
 * rebuild the quantized model bit by bit without the pictures.
 */
export const quantizationConstantsSchema = z.strictObject({
  /** What the numbers were measured on, for people. */
  calibration: z.strictObject({
    data: z.string().max(500),
    pictures: z.int().min(1),
    method: z.string().max(100),
  }),
  prelu: preluStyleSchema,
  /** See `weightScales`. */
  accumulator: z.enum(['int16', 'int32']),
  /** For each channel space (named by one of its values) the factor of each channel. */
  equalisation: z.record(valueName, z.array(z.number().positive()).max(8192)),
  /** For each value of the split graph its lowest and highest representable number. */
  ranges: z.record(valueName, z.tuple([z.number(), z.number()])),
  /** Nodes left in float, by name. */
  floatNodes: z.array(valueName).max(1000),
  /** By convolution of the split graph, what its bias gives back a channel; see `correctBiases`. */
  biasShift: z.record(valueName, z.array(z.number()).max(8192)).optional(),
})

/** {@link quantizationConstantsSchema} */
export type QuantizationConstants = z.infer<typeof quantizationConstantsSchema>

/** A number short enough to be written down, and the same when it is read again. */
export function roundConstant(value: number): number {
  return Number(value.toPrecision(6))
}
