import { decodeImage, encodeJpeg, encodePng, encodeSmaller } from '../../frame/decode.js'
import type { Image } from '../../frame/image.js'
import { ModelError } from '../../models/error.js'
import { StyleError } from '../engine.js'
import type { Stylizer } from '../engine.js'
import { createStyleLibrary } from '../library.js'
import { contactSheet } from '../see/contact-sheet.js'
import type { Order, Report } from './messages.js'

const LIVE_JPEG_QUALITY = 80

type Tell = (message: Report) => void
type OrderOf<Type extends Order['type']> = Extract<Order, { type: Type }>

async function* decodeAll(pictures: readonly Uint8Array[]): AsyncIterable<Image | undefined> {
  for (const bytes of pictures) {
    const decoded = await decodeImage(bytes)
    yield decoded.ok ? decoded.image : undefined
  }
}

/** Patterns are shown at the size that the nets take. */
const SHOWN_SIDE_PIXELS = 256

async function* readLibrary(): AsyncIterable<Image> {
  const library = createStyleLibrary()
  for (const { id } of library.list()) yield await library.read(id, SHOWN_SIDE_PIXELS)
}

async function draw({ id, sidePixels }: OrderOf<'draw'>, tell: Tell): Promise<void> {
  const image = await createStyleLibrary().read(id, sidePixels)
  tell({ type: 'drawn', id, sidePixels, png: await encodeSmaller(image, sidePixels, 'png') })
}

async function lookInto(order: OrderOf<'see'>, tell: Tell): Promise<void> {
  const { readSeeableNet, see } = await import('../see/network.js')
  const net = readSeeableNet(order.network)
  const pictures = order.pictures.length > 0 ? decodeAll(order.pictures) : readLibrary()
  const { patches } = await see(net, order.layer, order.unit, pictures)
  if (patches.length === 0) {
    throw new StyleError('bad-settings', 'nothing in the pictures excites this unit; try others')
  }
  const png = await encodePng(contactSheet(patches.map(({ image }) => image)))
  tell({ type: 'seen', png, patches: patches.length })
}

/** What a child does with its orders; a fault that no retry mends is told as `refused`. */
export function createTasks(tell: Tell): (order: Order) => Promise<void> {
  let stylizer: Stylizer | undefined

  async function carryOut(order: Order): Promise<void> {
    switch (order.type) {
      case 'paint': {
        const { paint } = await import('./paint-task.js')
        return paint(order, tell)
      }
      case 'open-stylizer': {
        const { openStylizer } = await import('../stylizer.js')
        const { readTrainedStyle } = await import('../trained-styles.js')
        const { id, file, threads, executionProviders } = order
        const options = { threads, executionProviders }
        stylizer = openStylizer(id, readTrainedStyle(file, order), options)
        tell({ type: 'stylizer-open' })
        return
      }
      case 'stylise': {
        if (stylizer === undefined) throw new Error('no stylizer is open')
        const jpeg = await encodeJpeg(await stylizer.stylize(order.image), LIVE_JPEG_QUALITY)
        tell({ type: 'stylised', sequence: order.sequence, jpeg })
        return
      }
      case 'see':
        return lookInto(order, tell)
      case 'draw':
        return draw(order, tell)
    }
  }

  return async (order) => {
    try {
      await carryOut(order)
    } catch (error) {
      if (error instanceof ModelError) {
        const { where, what, cure } = error
        tell({ type: 'refused', failure: { cause: `${where} ${what}`, cure } })
        return
      }
      if (!(error instanceof StyleError)) throw error
      const [cause, ...cures] = error.message.split('; ')
      const cure = cures.length > 0 ? cures.join('; ') : 'change the settings or the pictures'
      tell({ type: 'refused', failure: { cause, cure } })
    }
  }
}
