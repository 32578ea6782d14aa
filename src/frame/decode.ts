import type { Sharp } from 'sharp'
import { createImage, type Image } from './image.js'

/** With the first picture, not with the process: a door that only watches needs none of it. */
async function loadSharp() {
  const { default: sharp } = await import('sharp')
  sharp.cache(false)
  return sharp
}

/** Why bytes were refused as a picture. */
export type DecodeFault =
  'empty' | 'not-an-image' | 'unsupported-format' | 'too-large' | 'truncated' | 'damaged'

export type DecodeResult =
  | { readonly ok: true; readonly image: Image }
  | {
      readonly ok: false
      readonly reason: DecodeFault
      /** For the person who sent the picture: what is wrong and what to send instead. */
      readonly detail: string
    }

/** Bounds on a picture from outside; pixels and sides are read from its header before decoding. */
export interface DecodeLimits {
  readonly maxBytes: number
  readonly maxPixels: number
  readonly maxSidePixels: number
  readonly timeoutSeconds: number
}

export const DECODE_LIMITS: DecodeLimits = {
  maxBytes: 12 * 1024 * 1024,
  maxPixels: 24_000_000,
  maxSidePixels: 12_000,
  timeoutSeconds: 10,
}

type Format = 'jpeg' | 'png' | 'webp'

const FORMATS: readonly { format: Format; at: number; magic: string }[] = [
  { format: 'jpeg', at: 0, magic: '\xff\xd8\xff' },
  { format: 'png', at: 0, magic: '\x89PNG\r\n\x1a\n' },
  { format: 'webp', at: 8, magic: 'WEBPVP8' },
]

const OTHER_FORMATS: readonly { name: string; pattern: RegExp }[] = [
  { name: 'GIF', pattern: /^GIF8/ },
  { name: 'BMP', pattern: /^BM.{4}\0\0\0\0/s },
  { name: 'TIFF', pattern: /^(II\*\0|MM\0\*)/ },
  { name: 'HEIC or AVIF', pattern: /^.{4}ftyp/s },
  { name: 'SVG', pattern: /^\s*(<\?xml|<svg)/ },
  { name: 'PDF', pattern: /^%PDF/ },
]

const SEND_INSTEAD = 'send a JPEG, PNG or WebP picture'

function refuse(reason: DecodeFault, detail: string): DecodeResult {
  return { ok: false, reason, detail }
}

function sniff(bytes: Uint8Array): Format | DecodeResult {
  const head = Buffer.from(bytes.subarray(0, 64)).toString('latin1')
  const known = FORMATS.find(({ at, magic }) => head.startsWith(magic, at))
  if (known) {
    return known.format
  }
  const other = OTHER_FORMATS.find(({ pattern }) => pattern.test(head))
  return other
    ? refuse('unsupported-format', `the file is ${other.name}; ${SEND_INSTEAD}`)
    : refuse('not-an-image', `the file is not a picture; ${SEND_INSTEAD}`)
}

const CUT_OFF = 'the picture ends before its last row; send the whole file again'
const TRUNCATED =
  /premature end|truncated|unexpected end|end of (input|file|stream)|not enough data/i

function readFault(error: unknown): DecodeResult {
  const message = error instanceof Error ? error.message : String(error)
  const firstLine = message.split('\n', 1)[0] ?? ''
  if (TRUNCATED.test(message)) {
    return refuse('truncated', CUT_OFF)
  }
  if (/pixel limit/i.test(message)) {
    return refuse('too-large', 'the picture has too many pixels; send a smaller one')
  }
  return refuse('damaged', `the picture can't be decoded (${firstLine}); send an undamaged file`)
}

/** True when the file's own end marker is missing, which some decoders forgive. */
function endIsMissing(format: Format, bytes: Uint8Array): boolean {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  switch (format) {
    case 'jpeg':
      return file.lastIndexOf('\xff\xd9', undefined, 'latin1') < 0
    case 'png':
      return file.lastIndexOf('IEND', undefined, 'latin1') < 0
    case 'webp':
      return file.length < file.readUInt32LE(4) + 8
  }
}

/**
 * Decodes a picture from outside to upright 8-bit RGB: JPEG, PNG or WebP, EXIF orientation applied,
 * colours converted to sRGB, transparency laid on white. Bad input is a result, never an exception.
 * The size is judged on the header, so a picture over the limits costs no pixel memory.
 */
export async function decodeImage(
  bytes: Uint8Array,
  limits: Partial<DecodeLimits> = {},
): Promise<DecodeResult> {
  const { maxBytes, maxPixels, maxSidePixels, timeoutSeconds } = { ...DECODE_LIMITS, ...limits }
  if (bytes.length === 0) {
    return refuse('empty', `the file has no bytes; ${SEND_INSTEAD}`)
  }
  if (bytes.length > maxBytes) {
    return refuse(
      'too-large',
      `the file has ${bytes.length} bytes, at most ${maxBytes} are read; send a smaller one`,
    )
  }
  const format = sniff(bytes)
  if (typeof format !== 'string') {
    return format
  }
  if (endIsMissing(format, bytes)) {
    return refuse('truncated', CUT_OFF)
  }
  const options = { failOn: 'error', limitInputPixels: maxPixels } as const
  try {
    const sharp = await loadSharp()
    const header = await sharp(bytes, { ...options, limitInputPixels: false }).metadata()
    if (header.format !== format) {
      return refuse('not-an-image', `the file only looks like ${format}; ${SEND_INSTEAD}`)
    }
    const { width, height } = header
    if (width * height > maxPixels || Math.max(width, height) > maxSidePixels) {
      return refuse(
        'too-large',
        `the picture is ${width}x${height}, at most ${maxPixels / 1e6} megapixels and ` +
          `${maxSidePixels} a side are read; send a smaller one`,
      )
    }
    if ((header.pages ?? 1) > 1) {
      return refuse('unsupported-format', `the picture is an animation; ${SEND_INSTEAD}`)
    }
    const { data, info } = await sharp(bytes, options)
      .timeout({ seconds: timeoutSeconds })
      .autoOrient()
      .flatten({ background: '#ffffff' })
      .toColourspace('srgb')
      .raw({ depth: 'uchar' })
      .toBuffer({ resolveWithObject: true })
    if (info.channels !== 3) {
      return refuse('damaged', `the picture has ${info.channels} colour channels; ${SEND_INSTEAD}`)
    }
    return { ok: true, image: createImage(info.width, info.height, data) }
  } catch (error) {
    return readFault(error)
  }
}

async function rawPicture(image: Image): Promise<Sharp> {
  const sharp = await loadSharp()
  return sharp(image.data, { raw: { width: image.width, height: image.height, channels: 3 } })
}

/** Encodes an image as baseline JPEG. `quality` is 1..100; colours are not subsampled. */
export async function encodeJpeg(image: Image, quality = 85): Promise<Uint8Array> {
  return (await rawPicture(image)).jpeg({ quality, chromaSubsampling: '4:4:4' }).toBuffer()
}

/** Encodes an image as PNG, without loss. */
export async function encodePng(image: Image): Promise<Uint8Array> {
  return (await rawPicture(image)).png({ compressionLevel: 6 }).toBuffer()
}

/**
 * Encodes an image, made smaller where a side is over `sidePixels`, away from the event loop.
 * JPEG as {@link encodeJpeg}, PNG as {@link encodePng}.
 */
export async function encodeSmaller(
  image: Image,
  sidePixels: number,
  format: 'jpeg' | 'png',
): Promise<Uint8Array> {
  const smaller = (await rawPicture(image)).resize(sidePixels, sidePixels, {
    fit: 'inside',
    withoutEnlargement: true,
  })
  return format === 'png'
    ? smaller.png({ compressionLevel: 6 }).toBuffer()
    : smaller.jpeg({ quality: 90, chromaSubsampling: '4:4:4' }).toBuffer()
}
