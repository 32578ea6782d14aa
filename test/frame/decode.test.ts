import { performance } from 'node:perf_hooks'
import { crc32, deflateSync } from 'node:zlib'
import fc from 'fast-check'
import sharp from 'sharp'
import t from 'tap'
import { decodeImage, encodeJpeg, encodePng } from '../../src/frame/decode.js'
import { createImage } from '../../src/frame/image.js'

type Options = Parameters<typeof decodeImage>[1]

async function reasonFor(bytes: Uint8Array, options?: Options): Promise<string> {
  const result = await decodeImage(bytes, options)
  return result.ok ? 'ok' : result.reason
}

function pngChunk(type: string, data: Uint8Array): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data])
  const chunk = Buffer.alloc(body.length + 8)
  chunk.writeUInt32BE(data.length, 0)
  body.copy(chunk, 4)
  chunk.writeUInt32BE(crc32(body) >>> 0, body.length + 4)
  return chunk
}

/** An 8-bit RGB PNG whose pixel data is whatever the test says. */
function png(width: number, height: number, idat: Uint8Array): Buffer {
  const header = Buffer.alloc(13)
  header.writeUInt32BE(width, 0)
  header.writeUInt32BE(height, 4)
  header.set([8, 2, 0, 0, 0], 8)
  return Buffer.concat([
    Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
    pngChunk('IHDR', header),
    pngChunk('IDAT', idat),
    pngChunk('IEND', new Uint8Array()),
  ])
}

function gradient(width: number, height: number) {
  const data = new Uint8Array(width * height * 3)
  for (let i = 0; i < width * height; i++) {
    data.set([i % width, Math.floor(i / width), 128], i * 3)
  }
  return createImage(width, height, data)
}

const picture = gradient(120, 90)

t.test('a PNG comes back pixel by pixel', async (t) => {
  const result = await decodeImage(await encodePng(picture))
  t.ok(result.ok)
  if (result.ok) {
    t.equal(result.image.width, 120)
    t.equal(result.image.height, 90)
    t.same(Buffer.from(result.image.data), Buffer.from(picture.data))
  }
})

t.test('a JPEG comes back close', async (t) => {
  const result = await decodeImage(await encodeJpeg(picture, 95))
  t.ok(result.ok)
  if (result.ok) {
    const worst = result.image.data.reduce(
      (most, value, i) => Math.max(most, Math.abs(value - (picture.data[i] ?? 0))),
      0,
    )
    t.ok(worst <= 12, `worst difference ${worst}`)
  }
})

t.test('every pixel layout ends as three bytes of RGB', async (t) => {
  const grey = { create: { width: 20, height: 10, channels: 3, background: '#808080' } } as const
  const files = {
    webp: await sharp(grey).webp({ lossless: true }).toBuffer(),
    'grey PNG': await sharp(grey).greyscale().png().toBuffer(),
    'grey JPEG': await sharp(grey).greyscale().jpeg().toBuffer(),
    'CMYK JPEG': await sharp(grey).toColourspace('cmyk').jpeg().toBuffer(),
    '16-bit PNG': await sharp(grey).toColourspace('rgb16').png().toBuffer(),
    'palette PNG': await sharp(grey).png({ palette: true }).toBuffer(),
    'transparent PNG': await sharp(grey).ensureAlpha(1).png().toBuffer(),
  }
  for (const [name, bytes] of Object.entries(files)) {
    const result = await decodeImage(bytes)
    t.ok(result.ok, name)
    if (result.ok) {
      t.equal(result.image.data.length, 20 * 10 * 3, `${name} has 3 channels`)
      t.ok(
        result.image.data.every((value) => Math.abs(value - 128) <= 16),
        `${name} is still mid-grey, got ${String(result.image.data[0])}`,
      )
    }
  }
})

t.test('transparency is laid on white', async (t) => {
  const clear = { create: { width: 4, height: 4, channels: 4, background: '#00000000' } } as const
  const result = await decodeImage(await sharp(clear).png().toBuffer())
  t.ok(result.ok && result.image.data.every((value) => value === 255))
})

t.test('the EXIF orientation is applied', async (t) => {
  const lying = await sharp(await encodeJpeg(picture, 95))
    .withMetadata({ orientation: 6 })
    .toBuffer()
  const result = await decodeImage(lying)
  t.ok(result.ok)
  if (result.ok) {
    t.same([result.image.width, result.image.height], [90, 120])
    const topRight = result.image.data.subarray(89 * 3, 89 * 3 + 2)
    t.ok(
      topRight.every((value) => value < 16),
      'the old top-left corner is now top-right',
    )
  }
})

t.test('bytes that are no picture are refused with the reason', async (t) => {
  t.equal(await reasonFor(new Uint8Array()), 'empty')
  t.equal(await reasonFor(Buffer.from('hello, this is text')), 'not-an-image')
  t.equal(await reasonFor(Buffer.from('\xff\xd8\xff', 'latin1')), 'truncated')
  t.equal(await reasonFor(Buffer.from('RIFF\0\0\0\0WEBPVP8 ', 'latin1')), 'damaged')
  t.equal(await reasonFor(new Uint8Array(50_000)), 'not-an-image')
})

t.test('formats beyond JPEG, PNG and WebP never reach their decoder', async (t) => {
  const svg = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"></svg>'
  t.equal(await reasonFor(Buffer.from(svg)), 'unsupported-format')
  t.equal(await reasonFor(Buffer.from(`<?xml version="1.0"?>${svg}`)), 'unsupported-format')
  const small = sharp(await encodePng(picture))
  t.equal(await reasonFor(await small.clone().gif().toBuffer()), 'unsupported-format')
  t.equal(await reasonFor(await small.clone().tiff().toBuffer()), 'unsupported-format')
  t.equal(await reasonFor(await small.clone().avif({ effort: 0 }).toBuffer()), 'unsupported-format')
})

t.test('an animated WebP is refused', async (t) => {
  const other = await sharp(await encodePng(picture))
    .negate()
    .png()
    .toBuffer()
  const animation = await sharp([await encodePng(picture), other], { join: { animated: true } })
    .webp({ delay: [100, 100] })
    .toBuffer()
  t.equal((await sharp(animation).metadata()).pages, 2)
  t.equal(await reasonFor(animation), 'unsupported-format')
})

t.test('a picture cut off anywhere is refused as truncated', async (t) => {
  const noisy = gradient(400, 300)
  noisy.data.forEach((value, i) => (noisy.data[i] = (value * 31 + i * 17) & 255))
  const whole = {
    jpeg: await encodeJpeg(noisy, 90),
    png: await encodePng(noisy),
    webp: await sharp(noisy.data, { raw: { width: 400, height: 300, channels: 3 } })
      .webp()
      .toBuffer(),
    progressive: await sharp(noisy.data, { raw: { width: 400, height: 300, channels: 3 } })
      .jpeg({ progressive: true })
      .toBuffer(),
  }
  for (const [name, bytes] of Object.entries(whole)) {
    t.equal(await reasonFor(bytes), 'ok', `${name}, whole`)
    for (const share of [0.1, 0.3, 0.5, 0.9, 0.999]) {
      const cut = bytes.subarray(0, Math.floor(bytes.length * share))
      t.match(await reasonFor(cut), /^(truncated|damaged)$/, `${name}, ${share} of it`)
    }
    t.equal(
      await reasonFor(bytes.subarray(0, Math.floor(bytes.length / 2))),
      'truncated',
      `${name}, half of it`,
    )
  }
})

t.test('a picture of 100 megapixels is refused on its header', async (t) => {
  const huge = Buffer.from(await encodeJpeg(picture))
  const startOfFrame = huge.indexOf('\xff\xc0', 0, 'latin1')
  huge.writeUInt16BE(10_000, startOfFrame + 5)
  huge.writeUInt16BE(10_000, startOfFrame + 7)
  const started = performance.now()
  const result = await decodeImage(huge)
  const tookMs = performance.now() - started
  t.match(result, { ok: false, reason: 'too-large', detail: /10000x10000/ })
  t.ok(tookMs < 100, `took ${tookMs.toFixed(1)} ms`)
})

t.test('a small file that claims huge dimensions costs nothing', async (t) => {
  const idat = deflateSync(Buffer.alloc(1000))
  const before = process.memoryUsage().rss
  const started = performance.now()
  t.equal(await reasonFor(png(60_000, 60_000, idat)), 'too-large')
  t.equal(await reasonFor(png(2_000_000, 1, idat)), 'too-large')
  t.equal(await reasonFor(png(0x7fffffff, 0x7fffffff, idat)), 'damaged', 'beyond what PNG allows')
  t.ok(performance.now() - started < 200)
  t.ok(process.memoryUsage().rss - before < 50e6)
})

t.test('a PNG within bounds but corrupt is refused', async (t) => {
  const wrongCrc = png(100, 100, deflateSync(Buffer.alloc(100 * 301)))
  t.equal(await reasonFor(wrongCrc), 'ok')
  wrongCrc.writeUInt32BE(0xdeadbeef, 60)
  t.match(await reasonFor(wrongCrc), /damaged|truncated/)
  t.match(await reasonFor(png(100, 100, Buffer.from('no deflate stream'))), /damaged|truncated/)
  t.match(await reasonFor(png(100, 100, deflateSync(Buffer.alloc(9)))), /damaged|truncated/)
})

t.test('more pixel data than the header promises is not unpacked', async (t) => {
  const bomb = png(8, 8, deflateSync(Buffer.alloc(100_000_000), { level: 9 }))
  t.ok(bomb.length < 500_000, `${bomb.length} bytes`)
  const before = process.memoryUsage().rss
  const started = performance.now()
  await decodeImage(bomb)
  t.ok(performance.now() - started < 500)
  t.ok(process.memoryUsage().rss - before < 50e6)
})

t.test('the limits can be narrowed', async (t) => {
  const bytes = await encodePng(picture)
  t.equal(await reasonFor(bytes, { maxPixels: 120 * 90 }), 'ok')
  t.equal(await reasonFor(bytes, { maxPixels: 120 * 90 - 1 }), 'too-large')
  t.equal(await reasonFor(bytes, { maxSidePixels: 119 }), 'too-large')
  t.equal(await reasonFor(bytes, { maxBytes: bytes.length - 1 }), 'too-large')
})

t.test('random bytes are never an exception', async (t) => {
  const heads = ['', '\xff\xd8\xff\xe0', '\x89PNG\r\n\x1a\n', 'RIFF\x10\0\0\0WEBPVP8L', 'GIF89a']
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...heads),
      fc.uint8Array({ maxLength: 4096 }),
      async (head, tail) => {
        const result = await decodeImage(Buffer.concat([Buffer.from(head, 'latin1'), tail]))
        return result.ok || result.detail.length > 0
      },
    ),
    { numRuns: 300 },
  )
  t.pass()
})

t.test('a picture with flipped bytes is refused or decoded, never an exception', async (t) => {
  const files = [await encodeJpeg(picture, 80), await encodePng(picture)]
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...files),
      fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 8 }),
      async (file, flips) => {
        const bytes = Uint8Array.from(file)
        for (const [at, value] of flips) {
          bytes[at % bytes.length] = value
        }
        const result = await decodeImage(bytes)
        return result.ok || result.detail.length > 0
      },
    ),
    { numRuns: 200 },
  )
  t.pass()
})
