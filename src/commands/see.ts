import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { extname, join } from 'node:path'

import { decodeImage, encodePng } from '../frame/decode.js'
import type { Image } from '../frame/image.js'
import { contactSheet } from '../style/see/contact-sheet.js'
import { StyleError } from '../style/engine.js'
import { readSeeableNet, see } from '../style/see/network.js'
import { CommandError } from './command-error.js'
import { startProgress } from './progress.js'

export interface SeeOptions {
  readonly model: string
  readonly layer?: string
  readonly unit: string
  readonly out: string
  readonly json?: boolean
}

const PICTURE_NAMES = new Set(['.jpg', '.jpeg', '.png', '.webp'])

function picturesOf(folder: string): string[] {
  try {
    return readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((name) => PICTURE_NAMES.has(extname(name).toLowerCase()))
      .sort()
  } catch (error) {
    throw new CommandError('bad-input', `${folder} cannot be read: ${(error as Error).message}`)
  }
}

/** `genkan see`: the nine patches of a folder that excite one unit most, as a contact sheet. */
export async function seeCommand(folder: string, options: SeeOptions): Promise<void> {
  const net = readSeeableNet(options.model)
  if (options.layer === undefined) {
    const layers = net.layers.map(({ name, field }) => {
      const pixels = field.x.high - field.x.low + 1
      return { layer: name, units: field.channels, receptiveFieldPixels: pixels }
    })
    if (options.json === true) process.stdout.write(`${JSON.stringify(layers)}\n`)
    else console.table(layers)
    return
  }
  const unit = Number(options.unit)
  if (!Number.isInteger(unit) || unit < 0) {
    throw new CommandError('bad-input', `--unit takes a whole number from 0, not ${options.unit}`)
  }
  const names = picturesOf(folder)
  if (names.length === 0) {
    throw new CommandError('bad-input', `${folder} holds no JPEG, PNG or WebP picture`)
  }
  const progress = startProgress('pictures', names.length)
  let passedOver = 0

  async function* pictures(): AsyncIterable<Image | undefined> {
    for (const [index, name] of names.entries()) {
      const decoded = await decodeImage(readFileSync(join(folder, name)))
      if (!decoded.ok) passedOver++
      yield decoded.ok ? decoded.image : undefined
      progress.update(index + 1)
    }
  }

  try {
    const { patches, views } = await see(net, options.layer, unit, pictures())
    writeFileSync(options.out, await encodePng(contactSheet(patches.map(({ image }) => image))))
    const found = patches.map(({ picture, activation, image }) => ({
      picture: names[picture],
      activation: Number(activation.toPrecision(5)),
      size: `${image.width}x${image.height}`,
    }))
    const report = { sheet: options.out, pictures: names.length, passedOver, views, patches: found }
    if (options.json === true) process.stdout.write(`${JSON.stringify(report)}\n`)
    else {
      console.table(found)
      process.stdout.write(
        `${options.out}: ${found.length} patches of ${views} views in ${names.length} pictures, ` +
          `${passedOver} of which could not be read\n`,
      )
    }
  } catch (error) {
    if (error instanceof StyleError) throw new CommandError('bad-input', error.message)
    throw error
  } finally {
    progress.stop()
  }
}
