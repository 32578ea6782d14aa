/**
 * The loops over pixels, in AssemblyScript: compiled to WebAssembly with SIMD, they give the very
 * bytes of their plain forms in `../`, which the tests compare them with. Pictures are rows of RGB
 * bytes; every address is one of the memory that the caller hands in.
 */

/** Bytes that are added at a time. */
const LANES: usize = 16

/** Sums of `count` bytes over `rows` rows, as 16 bits each; reads and writes up to {@link LANES} more. */
function sumRows(source: usize, stride: usize, rows: i32, count: usize, sums: usize): void {
  for (let at: usize = 0; at < count; at += LANES) {
    let from = source + at
    let low = i16x8.splat(0)
    let high = i16x8.splat(0)
    for (let row = 0; row < rows; row++, from += stride) {
      const bytes = v128.load(from)
      low = i16x8.add(low, i16x8.extend_low_i8x16_u(bytes))
      high = i16x8.add(high, i16x8.extend_high_i8x16_u(bytes))
    }
    v128.store(sums + 2 * at, low)
    v128.store(sums + 2 * at, high, 16)
  }
}

/** Rounded-up reciprocal: `(n * it) >> 32` is n / area for every n up to 255 · area + area / 2, area ≤ 1024. */
function reciprocalOf(area: i32): i32 {
  return <i32>((((<u64>1) << 32) + <u64>area - 1) / <u64>area)
}

/** Four pixels of a row and of the row below, red, green and blue of each pair of pixels: 6 bytes, 2 more. */
function halvedPixels(upper: usize, lower: usize): v128 {
  const above = v128.load(upper)
  const below = v128.load(lower)
  const low = i16x8.add(i16x8.extend_low_i8x16_u(above), i16x8.extend_low_i8x16_u(below))
  const high = i16x8.add(i16x8.extend_high_i8x16_u(above), i16x8.extend_high_i8x16_u(below))
  const even = v128.shuffle<i16>(low, high, 0, 1, 2, 6, 7, 8, 8, 8)
  const odd = v128.shuffle<i16>(low, high, 3, 4, 5, 9, 10, 11, 11, 11)
  const sums = i16x8.add(i16x8.add(even, odd), i16x8.splat(2))
  const means = i16x8.shr_u(sums, 2)
  return i8x16.narrow_i16x8_u(means, means)
}

/** One row of halves: reads and writes a few bytes past what it needs. */
function halveRow(source: usize, stride: usize, width: i32, output: usize): void {
  const end = output + 3 * width
  for (; output < end; output += 6, source += 12) {
    v128.store64_lane(output, halvedPixels(source, source + stride), 0)
  }
}

/** One row of means over `factor` × `factor` pixels; writes a byte past what it needs. */
function averageRow(
  source: usize,
  stride: usize,
  width: i32,
  factor: i32,
  sums: usize,
  output: usize,
): void {
  sumRows(source, stride, factor, <usize>(3 * width * factor), sums)
  const area = factor * factor
  const half = i32x4.splat(area >> 1)
  const reciprocal = i32x4.splat(reciprocalOf(area))
  const end = output + 3 * width
  for (; output < end; output += 3) {
    let sum = half
    for (let i = 0; i < factor; i++, sums += 6) {
      sum = i32x4.add(sum, i32x4.extend_low_i16x8_u(v128.load64_zero(sums)))
    }
    const redGreen = i64x2.extmul_low_i32x4_u(sum, reciprocal)
    const blue = i64x2.extmul_high_i32x4_u(sum, reciprocal)
    // The upper half of each product is the mean.
    store<u8>(output, i32x4.extract_lane(redGreen, 1))
    store<u8>(output, i32x4.extract_lane(redGreen, 3), 1)
    store<u8>(output, i32x4.extract_lane(blue, 1), 2)
  }
}

function shrinkRow(
  source: usize,
  stride: usize,
  width: i32,
  factor: i32,
  sums: usize,
  output: usize,
): void {
  if (factor == 2) halveRow(source, stride, width, output)
  else averageRow(source, stride, width, factor, sums, output)
}

/**
 * Box average by a whole factor of 2 to 32.
 * @param width of the output, as `height`
 * @param sums room for 2 · (3 · width · factor + 16) bytes
 */
export function shrink(
  source: usize,
  stride: usize,
  width: i32,
  height: i32,
  factor: i32,
  sums: usize,
  output: usize,
): void {
  for (let y = 0; y < height; y++, source += stride * factor, output += 3 * width) {
    shrinkRow(source, stride, width, factor, sums, output)
  }
}

/**
 * {@link shrink}, each byte turned into a float, channels in planes of their own.
 * @param first offset of the first plane's channel in a pixel, 0 or 2; the third's is 2 − first
 * @param row room for 3 · width + 16 bytes
 * @param floats 3 × 256: what each byte becomes, by plane
 * @param planes of `planeArea` floats each
 */
export function shrinkToPlanes(
  source: usize,
  stride: usize,
  width: i32,
  height: i32,
  factor: i32,
  first: usize,
  sums: usize,
  row: usize,
  floats: usize,
  planes: usize,
  planeArea: usize,
): void {
  const second = planes + 4 * planeArea
  const third = second + 4 * planeArea
  const last: usize = 2 - first
  let at: usize = 0
  for (let y = 0; y < height; y++, source += stride * factor) {
    shrinkRow(source, stride, width, factor, sums, row)
    let from = row
    for (const end = at + 4 * width; at < end; at += 4, from += 3) {
      const a = <usize>load<u8>(from + first)
      const b = <usize>load<u8>(from, 1)
      const c = <usize>load<u8>(from + last)
      store<f32>(planes + at, load<f32>(floats + 4 * a))
      store<f32>(second + at, load<f32>(floats + 4 * b, 1024))
      store<f32>(third + at, load<f32>(floats + 4 * c, 2048))
    }
  }
}

/** Red and green of a pixel as two floats. */
function redGreen(pixel: v128): v128 {
  return f64x2.convert_low_i32x4_s(pixel)
}

/** Blue of a pixel, and whatever follows it. */
function blueNext(pixel: v128): v128 {
  return f64x2.convert_low_i32x4_s(v128.shuffle<i64>(pixel, pixel, 1, 1))
}

function pixelAt(address: usize): v128 {
  return i32x4.extend_low_i16x8_u(i16x8.extend_low_i8x16_u(v128.load32_zero(address)))
}

/**
 * Draws a picture through a similarity, bilinear, each output pixel the mean of `samples` × `samples`
 * readings; outside of the picture its edge is repeated. Reads one byte past the last pixel.
 * @param source where row 0 would begin; rows that no sample reaches need not be there
 * @param offsets room for `samples` of 64 bits
 */
export function sample(
  source: usize,
  sourceWidth: i32,
  sourceHeight: i32,
  a: f64,
  b: f64,
  tx: f64,
  ty: f64,
  width: i32,
  height: i32,
  samples: i32,
  offsets: usize,
  output: usize,
): void {
  for (let i = 0; i < samples; i++) {
    store<f64>(offsets + 8 * <usize>i, (<f64>i + 0.5) / <f64>samples)
  }
  const weight = f64x2.splat(1.0 / <f64>(samples * samples))
  const round = f64x2.splat(0.5)
  const rightmost = sourceWidth - 1
  const lowest = sourceHeight - 1
  const maxX = <f64>rightmost
  const maxY = <f64>lowest
  const stride = <usize>(3 * sourceWidth)
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++, output += 3) {
      let sumRedGreen = f64x2.splat(0)
      let sumBlue = f64x2.splat(0)
      for (let v = 0; v < samples; v++) {
        const outY = <f64>y + load<f64>(offsets + 8 * <usize>v) - 0.5
        for (let u = 0; u < samples; u++) {
          const outX = <f64>x + load<f64>(offsets + 8 * <usize>u) - 0.5
          let sx = a * outX - b * outY + tx
          let sy = b * outX + a * outY + ty
          sx = sx < 0 ? 0 : sx > maxX ? maxX : sx
          sy = sy < 0 ? 0 : sy > maxY ? maxY : sy
          const x0 = <i32>sx
          const y0 = <i32>sy
          const fx = sx - <f64>x0
          const fy = sy - <f64>y0
          const topLeft = source + <usize>y0 * stride + <usize>(3 * x0)
          const right: usize = x0 < rightmost ? 3 : 0
          const down: usize = y0 < lowest ? stride : 0
          const w11 = fx * fy
          const w10 = fx - w11
          const w01 = fy - w11
          const w00 = 1 - fx - w01
          const p00 = pixelAt(topLeft)
          const p10 = pixelAt(topLeft + right)
          const p01 = pixelAt(topLeft + down)
          const p11 = pixelAt(topLeft + right + down)
          const s00 = f64x2.splat(w00)
          const s10 = f64x2.splat(w10)
          const s01 = f64x2.splat(w01)
          const s11 = f64x2.splat(w11)
          let rg = f64x2.add(f64x2.mul(s00, redGreen(p00)), f64x2.mul(s10, redGreen(p10)))
          rg = f64x2.add(rg, f64x2.mul(s01, redGreen(p01)))
          rg = f64x2.add(rg, f64x2.mul(s11, redGreen(p11)))
          sumRedGreen = f64x2.add(sumRedGreen, rg)
          let bn = f64x2.add(f64x2.mul(s00, blueNext(p00)), f64x2.mul(s10, blueNext(p10)))
          bn = f64x2.add(bn, f64x2.mul(s01, blueNext(p01)))
          bn = f64x2.add(bn, f64x2.mul(s11, blueNext(p11)))
          sumBlue = f64x2.add(sumBlue, bn)
        }
      }
      const rg = i32x4.trunc_sat_f64x2_s_zero(f64x2.add(f64x2.mul(sumRedGreen, weight), round))
      const bn = i32x4.trunc_sat_f64x2_s_zero(f64x2.add(f64x2.mul(sumBlue, weight), round))
      store<u8>(output, i32x4.extract_lane(rg, 0))
      store<u8>(output, i32x4.extract_lane(rg, 1), 1)
      store<u8>(output, i32x4.extract_lane(bn, 0), 2)
    }
  }
}

/**
 * Part of a picture in gray: each output pixel the mean of `taps` × `taps` pixels, of red, twice green
 * and blue.
 * @param columns byte offset in a row of each tap, `width` · `taps` of 32 bits
 * @param rows address of each tap's row, `height` · `taps` of 32 bits
 * @param rowBytes bytes of a row that are looked at, from its beginning
 * @param sums room for 2 · (rowBytes + 16) bytes
 */
export function grayMeans(
  columns: usize,
  rows: usize,
  width: i32,
  height: i32,
  taps: i32,
  sums: usize,
  begin: usize,
  rowBytes: usize,
  output: usize,
): void {
  const divisor = <f64>(4 * taps * taps)
  for (let y = 0; y < height; y++) {
    const tapRows = rows + <usize>(4 * y * taps)
    for (let at = begin; at < rowBytes; at += LANES) {
      let low = i16x8.splat(0)
      let high = i16x8.splat(0)
      for (let v = 0; v < taps; v++) {
        const bytes = v128.load(<usize>load<u32>(tapRows + <usize>(4 * v)) + at)
        low = i16x8.add(low, i16x8.extend_low_i8x16_u(bytes))
        high = i16x8.add(high, i16x8.extend_high_i8x16_u(bytes))
      }
      v128.store(sums + 2 * at, low)
      v128.store(sums + 2 * at, high, 16)
    }
    let tapColumn = columns
    for (let x = 0; x < width; x++, output += 4) {
      let sum: u32 = 0
      for (let u = 0; u < taps; u++, tapColumn += 4) {
        const from = sums + 2 * <usize>load<u32>(tapColumn)
        sum += <u32>load<u16>(from) + 2 * <u32>load<u16>(from, 2) + <u32>load<u16>(from, 4)
      }
      store<f32>(output, <f32>(<f64>sum / divisor))
    }
  }
}

/** Pixels turned into floats, channels in planes of their own; see {@link shrinkToPlanes}. */
export function toPlanes(
  pixels: usize,
  count: i32,
  first: usize,
  floats: usize,
  planes: usize,
): void {
  const second = planes + 4 * <usize>count
  const third = second + 4 * <usize>count
  const last: usize = 2 - first
  const end: usize = 4 * <usize>count
  for (let at: usize = 0; at < end; at += 4, pixels += 3) {
    const a = <usize>load<u8>(pixels + first)
    const b = <usize>load<u8>(pixels, 1)
    const c = <usize>load<u8>(pixels + last)
    store<f32>(planes + at, load<f32>(floats + 4 * a))
    store<f32>(second + at, load<f32>(floats + 4 * b, 1024))
    store<f32>(third + at, load<f32>(floats + 4 * c, 2048))
  }
}

/** Pixels turned into one plane of (luma − mean) · scale, luma as ITU-R BT.601 weighs it. */
export function toGrayPlane(pixels: usize, count: i32, mean: f64, scale: f64, plane: usize): void {
  const end = plane + 4 * <usize>count
  for (; plane < end; plane += 4, pixels += 3) {
    const luma = lumaOf(pixels)
    store<f32>(plane, <f32>((luma - mean) * scale))
  }
}

function lumaOf(pixel: usize): f64 {
  const red = <f64>load<u8>(pixel)
  const green = <f64>load<u8>(pixel, 1)
  const blue = <f64>load<u8>(pixel, 2)
  return 0.299 * red + 0.587 * green + 0.114 * blue
}

/**
 * A square of a picture in gray, drawn as {@link sample} does, but that the last pixels of a picture are
 * looked at from just before them.
 * @param source where row 0 and column 0 of the picture would begin
 * @param left of the part that may be looked at, as `top`, `partWidth` and `partHeight`
 * @param luma room for `partWidth` · `partHeight` of 64 bits
 */
export function graySquare(
  source: usize,
  stride: usize,
  left: i32,
  top: i32,
  partWidth: i32,
  partHeight: i32,
  luma: usize,
  maxX: f64,
  maxY: f64,
  a: f64,
  b: f64,
  tx: f64,
  ty: f64,
  side: i32,
  samples: i32,
  offsets: usize,
  output: usize,
): void {
  for (let i = 0; i < samples; i++) {
    store<f64>(offsets + 8 * <usize>i, (<f64>i + 0.5) / <f64>samples)
  }
  let to = luma
  for (let y = 0; y < partHeight; y++) {
    let pixel = source + <usize>(top + y) * stride + <usize>(3 * left)
    for (const end = to + 8 * <usize>partWidth; to < end; to += 8, pixel += 3) {
      store<f64>(to, lumaOf(pixel))
    }
  }
  const below: usize = 8 * <usize>partWidth
  const weight = 1.0 / <f64>(samples * samples)
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++, output += 4) {
      let sum: f64 = 0
      for (let row = 0; row < samples; row++) {
        const v = <f64>y + load<f64>(offsets + 8 * <usize>row) - 0.5
        for (let column = 0; column < samples; column++) {
          const u = <f64>x + load<f64>(offsets + 8 * <usize>column) - 0.5
          let sx = a * u - b * v + tx
          let sy = b * u + a * v + ty
          sx = sx < 0 ? 0 : sx > maxX ? maxX : sx
          sy = sy < 0 ? 0 : sy > maxY ? maxY : sy
          const x0 = <i32>sx
          const y0 = <i32>sy
          const fx = sx - <f64>x0
          const i = luma + 8 * <usize>((y0 - top) * partWidth + x0 - left)
          const j = i + below
          const here = load<f64>(i)
          const under = load<f64>(j)
          const upper = here + (load<f64>(i, 8) - here) * fx
          sum += upper + (under + (load<f64>(j, 8) - under) * fx - upper) * (sy - <f64>y0)
        }
      }
      store<f32>(output, <f32>(sum * weight))
    }
  }
}
