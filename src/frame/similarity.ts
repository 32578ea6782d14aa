/**
 * A rotation, uniform scale and shift of the plane:
 * (x, y) ↦ (a·x − b·y + tx, b·x + a·y + ty).
 */
export interface Similarity {
  readonly a: number
  readonly b: number
  readonly tx: number
  readonly ty: number
}

/**
 * Least-squares similarity that carries `from` onto `to` (Umeyama 1991, the planar case without reflection).
 * @param from points, x and y interleaved
 * @param to the same number of points
 * @throws RangeError when the point sets differ in length or have no extent
 */
export function estimateSimilarity(from: ArrayLike<number>, to: ArrayLike<number>): Similarity {
  const count = from.length / 2
  if (from.length !== to.length || count < 2) {
    throw new RangeError(`similarity needs two equal sets of at least 2 points`)
  }
  let fromX = 0
  let fromY = 0
  let toX = 0
  let toY = 0
  for (let i = 0; i < count; i++) {
    fromX += from[2 * i] / count
    fromY += from[2 * i + 1] / count
    toX += to[2 * i] / count
    toY += to[2 * i + 1] / count
  }
  let dot = 0
  let cross = 0
  let spread = 0
  for (let i = 0; i < count; i++) {
    const x = from[2 * i] - fromX
    const y = from[2 * i + 1] - fromY
    const u = to[2 * i] - toX
    const v = to[2 * i + 1] - toY
    dot += x * u + y * v
    cross += x * v - y * u
    spread += x * x + y * y
  }
  if (!(spread > 0)) throw new RangeError('similarity needs points that do not all coincide')
  const a = dot / spread
  const b = cross / spread
  return { a, b, tx: toX - (a * fromX - b * fromY), ty: toY - (b * fromX + a * fromY) }
}

/**
 * The similarity that undoes `forward`.
 * @throws RangeError when `forward` collapses the plane
 */
export function invertSimilarity(forward: Similarity): Similarity {
  const scaleSq = forward.a * forward.a + forward.b * forward.b
  if (!(scaleSq > 0)) throw new RangeError('a similarity of scale 0 cannot be inverted')
  const a = forward.a / scaleSq
  const b = -forward.b / scaleSq
  return {
    a,
    b,
    tx: -(a * forward.tx - b * forward.ty),
    ty: -(b * forward.tx + a * forward.ty),
  }
}
