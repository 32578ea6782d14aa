import { createImage, type Image } from '../frame/image.js'

/** Scales a picture into a frame without distorting it; what remains is black. */
export async function resizeToFit(image: Image, width: number, height: number): Promise<Image> {
  if (image.width === width && image.height === height) {
    return image
  }
  const { default: sharp } = await import('sharp')
  const data = await sharp(image.data, {
    raw: { width: image.width, height: image.height, channels: 3 },
  })
    .resize(width, height, { fit: 'contain', background: '#000000' })
    .removeAlpha()
    .raw()
    .toBuffer()
  return createImage(width, height, data)
}
