/**
 * A picture as a sum of ever coarser pictures, so that an optimiser moves broad areas as easily as
 * single pixels (a decorrelated parameterisation; Mordvintsev et al. 2018). x = Σ_k w^k·U_k(z_k) with
 * U_k bilinear enlargement from sides 2^k smaller.
 */
export interface Pyramid {
  /** Number of coordinates. */
  readonly length: number
  /** The picture of the coordinates. */
  toPicture(coordinates: Float32Array): Float32Array
  /** The adjoint: a gradient by the pixels as one by the coordinates. */
  pullBack(gradient: Float32Array): Float32Array
  /** Coordinates whose picture is the given one. */
  fromPicture(picture: Float32Array): Float32Array
}

interface Axis {
  readonly first: Int32Array
  readonly second: Int32Array
  readonly share: Float32Array
}

function doublingAxis(size: number, half: number): Axis {
  const first = new Int32Array(size)
  const second = new Int32Array(size)
  const share = new Float32Array(size)
  for (let i = 0; i < size; i++) {
    const position = Math.min(half - 1, Math.max(0, (i + 0.5) / 2 - 0.5))
    first[i] = Math.floor(position)
    second[i] = Math.min(half - 1, first[i] + 1)
    share[i] = position - first[i]
  }
  return { first, second, share }
}

interface Level {
  readonly width: number
  readonly height: number
  readonly across: Axis
  readonly down: Axis
}

/** Planes of one size. */
interface Half {
  readonly width: number
  readonly height: number
  readonly data: Float32Array
}

/** to += `half`, enlarged to `level` */
function addEnlarged(half: Half, level: Level, to: Float32Array): void {
  const from = half.data
  const { width, height, across, down } = level
  const row = new Float32Array(half.width)
  for (let c = 0; c < 3; c++) {
    for (let y = 0; y < height; y++) {
      const upper = (c * half.height + down.first[y]) * half.width
      const lower = (c * half.height + down.second[y]) * half.width
      const part = down.share[y]
      for (let x = 0; x < half.width; x++) {
        row[x] = from[upper + x] * (1 - part) + from[lower + x] * part
      }
      const at = (c * height + y) * width
      for (let x = 0; x < width; x++) {
        const share = across.share[x]
        to[at + x] += row[across.first[x]] * (1 - share) + row[across.second[x]] * share
      }
    }
  }
}

/** The adjoint of {@link addEnlarged}: to += what a gradient at `level` sends to half its sides. */
function addReduced(from: Float32Array, level: Level, half: Half): void {
  const { width, height, across, down } = level
  const row = new Float32Array(half.width)
  for (let c = 0; c < 3; c++) {
    for (let y = 0; y < height; y++) {
      row.fill(0)
      const at = (c * height + y) * width
      for (let x = 0; x < width; x++) {
        const share = across.share[x]
        row[across.first[x]] += from[at + x] * (1 - share)
        row[across.second[x]] += from[at + x] * share
      }
      const upper = (c * half.height + down.first[y]) * half.width
      const lower = (c * half.height + down.second[y]) * half.width
      const part = down.share[y]
      for (let x = 0; x < half.width; x++) {
        half.data[upper + x] += row[x] * (1 - part)
        half.data[lower + x] += row[x] * part
      }
    }
  }
}

/**
 * @param depth sizes beside the full one
 * @param weight w, how much more a coarser size moves
 */
export function createPyramid(
  width: number,
  height: number,
  depth: number,
  weight: number,
): Pyramid {
  const levels: Level[] = [{ width, height, across: doublingAxis(1, 1), down: doublingAxis(1, 1) }]
  for (let k = 0; k < depth; k++) {
    const { width: w, height: h } = levels[k]
    const half = { width: Math.ceil(w / 2), height: Math.ceil(h / 2) }
    levels[k] = {
      width: w,
      height: h,
      across: doublingAxis(w, half.width),
      down: doublingAxis(h, half.height),
    }
    levels.push({ ...half, across: doublingAxis(1, 1), down: doublingAxis(1, 1) })
  }
  const starts: number[] = []
  let length = 0
  for (const level of levels) {
    starts.push(length)
    length += 3 * level.width * level.height
  }
  const partOf = (vector: Float32Array, k: number) =>
    vector.subarray(starts[k], starts.at(k + 1) ?? length)
  return {
    length,
    toPicture(coordinates) {
      let picture = partOf(coordinates, depth).map((z) => z * weight ** depth)
      for (let k = depth - 1; k >= 0; k--) {
        const finer = partOf(coordinates, k).map((z) => z * weight ** k)
        const { width: w, height: h } = levels[k + 1]
        addEnlarged({ width: w, height: h, data: picture }, levels[k], finer)
        picture = finer
      }
      return picture
    },
    pullBack(gradient) {
      const pulled = new Float32Array(length)
      let current = gradient
      for (let k = 0; k <= depth; k++) {
        const part = partOf(pulled, k)
        for (let i = 0; i < part.length; i++) part[i] = current[i] * weight ** k
        if (k === depth) break
        const { width: w, height: h } = levels[k + 1]
        const half = { width: w, height: h, data: new Float32Array(3 * w * h) }
        addReduced(current, levels[k], half)
        current = half.data
      }
      return pulled
    },
    fromPicture(picture) {
      const coordinates = new Float32Array(length)
      coordinates.set(picture)
      return coordinates
    },
  }
}
