import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { loadSetup } from '../../commands/setup.js'
import { packageRoot } from '../../config/paths.js'
import { createDetector } from '../../detection/detector.js'
import { sideThreadOf } from '../../models/side-thread.js'
import { openLine } from '../../open-line.js'
import { loadStages } from '../../stages.js'
import { createThresholdSource } from '../../threshold-source.js'
import { createRecognition } from '../../recognition.js'
import { GALLERY_PERSONS } from '../protocol.js'
import { randomGallery } from '../random-gallery.js'
import { SCENE_FRAMES_PER_SECOND } from '../scenes.js'
import { serveBench } from '../serve.js'

const [config, board] = process.argv.slice(2).map((value) => (value === '' ? undefined : value))
const loaded = loadSetup({
  ...(config === undefined ? {} : { config }),
  ...(board === undefined ? {} : { board }),
})
const decision = { ...loaded.decision, cooldownMs: 0, grantCooldownMs: 0 }
const stages = await loadStages(loaded.models, undefined, sideThreadOf(loaded.models))
const gallery = randomGallery(stages.encoder.modelId, GALLERY_PERSONS)
const recognition = createRecognition(
  () => gallery,
  createThresholdSource(loaded.matching, stages.nets.encoder),
)
const line = openLine(stages, { ...loaded, decision }, (probe) => recognition.identify(probe))
const detect = createDetector(stages.nets.detector)
const { version } = JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8')) as {
  version: string
}
let sequence = 0

await serveBench(
  {
    version,
    judges: 'quality, twelve cues of liveness, 1:K search, door rules; attends to one face',
  },
  {
    detect: async (image) => (await detect(image)).length,
    async encode(image) {
      const faces = await stages.finder.find(image)
      for (const face of faces) await stages.encoder.encode(stages.encoder.align(image, face))
      return faces.length
    },
    async decide(image) {
      const monotonicMs = (sequence * 1000) / SCENE_FRAMES_PER_SECOND
      const { faces } = await line.judge({ image, sequence, monotonicMs, capturedAtMs: 0 })
      sequence++
      return faces.length
    },
  },
)
