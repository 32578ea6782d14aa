/** Tables of a radix-2 transform of one length. */
interface Plan {
  readonly cosines: Float64Array
  readonly sines: Float64Array
  readonly reversed: Uint16Array
}

const plans = new Map<number, Plan>()

function planFor(length: number): Plan {
  const known = plans.get(length)
  if (known !== undefined) return known
  const bits = Math.log2(length)
  if (!Number.isInteger(bits) || bits < 1 || bits > 12) {
    throw new RangeError(`a transform needs a power of two from 2 to 4096, got ${length}`)
  }
  const reversed = new Uint16Array(length)
  for (let i = 0; i < length; i++) {
    reversed[i] = (reversed[i >> 1] >> 1) | ((i & 1) << (bits - 1))
  }
  const half = length / 2
  const cosines = Float64Array.from({ length: half }, (_, k) =>
    Math.cos((2 * Math.PI * k) / length),
  )
  const sines = Float64Array.from({ length: half }, (_, k) => -Math.sin((2 * Math.PI * k) / length))
  const plan = { cosines, sines, reversed }
  plans.set(length, plan)
  return plan
}

/** Discrete Fourier transform in place (Cooley and Tukey, 1965), of a power of two of values. */
export function transform(real: Float64Array, imaginary: Float64Array): void {
  const { length } = real
  const { cosines, sines, reversed } = planFor(length)
  for (let i = 0; i < length; i++) {
    const j = reversed[i]
    if (j <= i) continue
    const re = real[i]
    real[i] = real[j]
    real[j] = re
    const im = imaginary[i]
    imaginary[i] = imaginary[j]
    imaginary[j] = im
  }
  for (let size = 2; size <= length; size *= 2) {
    const half = size / 2
    const step = length / size
    for (let start = 0; start < length; start += size) {
      for (let k = 0; k < half; k++) {
        const a = start + k
        const b = a + half
        const c = cosines[k * step]
        const s = sines[k * step]
        const re = real[b] * c - imaginary[b] * s
        const im = real[b] * s + imaginary[b] * c
        real[b] = real[a] - re
        imaginary[b] = imaginary[a] - im
        real[a] += re
        imaginary[a] += im
      }
    }
  }
}

/** {@link transform} of each column of a square at once, so that what is read lies side by side. */
function transformColumns(real: Float64Array, imaginary: Float64Array, side: number): void {
  const { cosines, sines, reversed } = planFor(side)
  for (let i = 0; i < side; i++) {
    if (reversed[i] > i) {
      swapRows(real, i, reversed[i], side)
      swapRows(imaginary, i, reversed[i], side)
    }
  }
  for (let size = 2; size <= side; size *= 2) {
    const half = size / 2
    for (let start = 0; start < side; start += size) {
      for (let k = 0; k < half; k++) {
        const c = cosines[(k * side) / size]
        const s = sines[(k * side) / size]
        const first = (start + k) * side
        const apart = half * side
        for (let a = first; a < first + side; a++) {
          const b = a + apart
          const re = real[b] * c - imaginary[b] * s
          const im = real[b] * s + imaginary[b] * c
          real[b] = real[a] - re
          imaginary[b] = imaginary[a] - im
          real[a] += re
          imaginary[a] += im
        }
      }
    }
  }
}

function swapRows(values: Float64Array, i: number, j: number, side: number): void {
  for (let x = 0; x < side; x++) {
    const kept = values[i * side + x]
    values[i * side + x] = values[j * side + x]
    values[j * side + x] = kept
  }
}

function transpose(values: Float64Array, side: number): void {
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < y; x++) {
      const kept = values[y * side + x]
      values[y * side + x] = values[x * side + y]
      values[x * side + y] = kept
    }
  }
}

/**
 * Powers of two real square pictures at each frequency, both by one transform: index v·side + u, where
 * frequencies above side/2 are the negative ones.
 */
export function powerSpectra(
  first: Float64Array,
  second: Float64Array,
  side: number,
): readonly [Float64Array, Float64Array] {
  const real = first.slice()
  const imaginary = second.slice()
  for (let pass = 0; pass < 2; pass++) {
    transpose(real, side)
    transpose(imaginary, side)
    transformColumns(real, imaginary, side)
  }
  // The even part of the joint transform is the first picture's, the odd part the second's.
  const powers = [new Float64Array(side * side), new Float64Array(side * side)] as const
  for (let y = 0; y < side; y++) {
    const opposite = ((side - y) % side) * side
    for (let x = 0; x < side; x++) {
      const i = y * side + x
      const j = opposite + ((side - x) % side)
      powers[0][i] = ((real[i] + real[j]) ** 2 + (imaginary[i] - imaginary[j]) ** 2) / 4
      powers[1][i] = ((imaginary[i] + imaginary[j]) ** 2 + (real[j] - real[i]) ** 2) / 4
    }
  }
  return powers
}
