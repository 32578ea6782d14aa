import { benchGallery } from '../matching/bench-gallery.js'
import { CommandError } from './command-error.js'

export interface BenchGalleryOptions {
  readonly sizes: string
  readonly json?: boolean
}

/** `genkan bench-gallery`: exact 1:K search beside a plain loop and, where installed, usearch. */
export async function benchGalleryCommand(options: BenchGalleryOptions): Promise<void> {
  const sizes = options.sizes.split(',').map(Number)
  if (!sizes.every((size) => Number.isInteger(size) && size >= 1 && size <= 2_000_000)) {
    throw new CommandError('bad-input', '--sizes must be whole numbers up to 2000000')
  }
  const { rows, notes } = await benchGallery({
    sizes,
    onProgress: (line) => process.stderr.write(`${line}\n`),
  })
  if (options.json === true) {
    process.stdout.write(`${JSON.stringify({ rows, notes })}\n`)
    return
  }
  const lines = rows.map(
    ({ templates, engine, bestMs, p50Ms, p95Ms, recall }) =>
      `${String(templates).padStart(9)}  ${engine.padEnd(24)}${[bestMs, p50Ms, p95Ms].map((ms) => ms.toFixed(2).padStart(10)).join('')}   ${recall.toFixed(3)}`,
  )
  const head = 'templates  engine                     best ms       p50       p95   recall'
  process.stdout.write(`${[head, ...lines, ...notes].join('\n')}\n`)
}
