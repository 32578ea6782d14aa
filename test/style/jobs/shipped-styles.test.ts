import sharp from 'sharp'
import t from 'tap'

import { createChildren } from '../../../src/style/jobs/child.js'
import { createDoorPause } from '../../../src/style/jobs/door-pause.js'
import { createChildRegister } from '../../../src/style/jobs/leftovers.js'
import type { Report } from '../../../src/style/jobs/messages.js'
import { paintPattern } from '../../../src/style/patterns.js'
import {
  listTrainedStyles,
  SHIPPED_STYLES,
  type TrainedStyle,
} from '../../../src/style/trained-styles.js'
import { PAINTED_MS } from './painting.js'

t.setTimeout(2 * PAINTED_MS)

/** Has a real child open a style and paint one picture; resolves with its last report. */
function paintWith({ manifest, file }: TrainedStyle): Promise<Report> {
  const image = paintPattern('mosaic', 64)
  if (image === undefined) throw new Error('there is no pattern mosaic')
  const { id, bytes, sha256 } = manifest
  const register = createChildRegister({ get: () => [], set: () => undefined })
  const startChild = createChildren({ pause: createDoorPause(), register })
  return new Promise((resolve, reject) => {
    const child = startChild({
      onReport(report) {
        if (report.type === 'stylizer-open') {
          child.send({ type: 'stylise', sequence: 3, image: { ...image } })
        }
        if (report.type !== 'stylised' && report.type !== 'refused') return
        child.kill()
        resolve(report)
      },
      onEnd: ({ how }) => reject(new Error(how)),
    })
    const options = { threads: 1, executionProviders: ['cpu'] }
    child.send({ type: 'open-stylizer', id, file, bytes, sha256, ...options })
  })
}

const styles = listTrainedStyles([SHIPPED_STYLES], (error) => {
  throw error
})

for (const style of styles) {
  t.test(`${style.manifest.id} is painted in a process of its own`, async (t) => {
    const report = await paintWith(style)
    if (report.type !== 'stylised') throw new Error(JSON.stringify(report))
    t.equal(report.sequence, 3)
    t.match(await sharp(report.jpeg).metadata(), { format: 'jpeg', width: 64, height: 64 })
    const { channels } = await sharp(report.jpeg).stats()
    t.ok(
      channels.some(({ stdev }) => stdev > 10),
      'and is no flat colour',
    )
  })
}

t.test('a model that is not the one described is refused with cause and cure', async (t) => {
  const [style] = styles
  const manifest = { ...style.manifest, sha256: '0'.repeat(64) }
  const report = await paintWith({ ...style, manifest })
  const cause = new RegExp(`${style.manifest.id}\\.onnx`)
  t.match(report, { type: 'refused', failure: { cause, cure: /train/ } })
})
