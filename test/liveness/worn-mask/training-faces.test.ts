import t from 'tap'
import { createFaceFinder } from '../../../src/detection/find-faces.js'
import { readPicture } from '../../../src/evaluation/labelled-pictures.js'
import { createSeededRandom } from '../../../src/evaluation/statistics/random.js'
import { createImage } from '../../../src/frame/image.js'
import { wearGlasses } from '../../../src/liveness/worn-mask/draw-glasses.js'
import { inHardLight } from '../../../src/liveness/worn-mask/hard-light.js'
import { drawTrainingFace } from '../../../src/liveness/worn-mask/training-faces.js'
import { assetPath, defaultModels, readManifest } from '../../../src/models/registry.js'
import { loadDetector, loadLandmarks } from '../../../src/models/session.js'

const { manifest } = readManifest(defaultModels.mask)
if (manifest.role !== 'mask') throw new Error(`${manifest.id} is no net against masks`)
const { template } = manifest.input.fit
const SIDE = manifest.input.shape[2]
const grey = () => createImage(SIDE, SIDE, new Uint8Array(3 * SIDE * SIDE).fill(120))

void t.test('glasses stay about the eyes, whatever their form', (t) => {
  const random = createSeededRandom(3)
  const [rightX, eyeY, leftX] = template
  const apart = leftX - rightX
  for (let pair = 0; pair < 100; pair++) {
    const { data } = wearGlasses(grey(), template, random)
    let touched = 0
    let astray = 0
    for (let i = 0; i < data.length; i += 3) {
      if (data[i] === 120 && data[i + 1] === 120 && data[i + 2] === 120) continue
      touched++
      const y = Math.floor(i / 3 / SIDE)
      if (Math.abs(y - eyeY) > 0.6 * apart) astray++
    }
    t.ok(touched > 0 && astray === 0, `${touched} pixels, ${astray} astray`)
  }
  t.end()
})

void t.test('hard light takes faces from nearly black to blown out, and leaves some alone', (t) => {
  const random = createSeededRandom(4)
  const means = Array.from({ length: 200 }, () => {
    const { data } = inHardLight(grey(), random)
    return data.reduce((sum, value) => sum + value, 0) / data.length
  })
  t.ok(Math.min(...means) < 60)
  t.ok(Math.max(...means) > 180)
  t.ok(means.filter((mean) => mean === 120).length > 50)
  t.end()
})

void t.test('the same seed draws the same faces, bare and worn', async (t) => {
  const picture = await readPicture(assetPath('sample4.jpg'))
  if (picture === undefined) throw new Error('sample4.jpg cannot be read; run npm run prepare')
  const finder = createFaceFinder(await loadDetector(), await loadLandmarks())
  const [face, other] = await finder.find(picture)
  for (const isWorn of [false, true]) {
    const draw = (seed: number) =>
      drawTrainingFace(
        { picture, face },
        { picture, face: other },
        { isWorn, hardLight: 1 },
        { template, side: SIDE },
        createSeededRandom(seed),
      )
    const drawn = await draw(1)
    t.same([drawn.width, drawn.height], [SIDE, SIDE])
    t.ok(Buffer.compare(drawn.data, (await draw(1)).data) === 0)
    t.ok(Buffer.compare(drawn.data, (await draw(2)).data) !== 0)
  }
})
