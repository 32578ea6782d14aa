import t from 'tap'
import { createFaceFinder } from '../../src/detection/find-faces.js'
import type { FacePicture } from '../../src/evaluation/attacks/overlay.js'
import { MASK_SPECIES_NAMES, wearMask } from '../../src/evaluation/attacks/worn-masks.js'
import { readPicture } from '../../src/evaluation/labelled-pictures.js'
import { createMaskScorer, MASK_RULE, MASK_VETO_BELOW, maskCue } from '../../src/liveness/mask.js'
import { assetPath } from '../../src/models/registry.js'
import { loadDetector, loadLandmarks, loadNet } from '../../src/models/session.js'

const PICTURES = ['sample1.jpg', 'sample2.jpg', 'sample3.jpg', 'sample4.jpg', 'sample5.jpg']

const finder = createFaceFinder(await loadDetector(), await loadLandmarks())
const scoreMask = createMaskScorer(await loadNet('mask'))
const faces: FacePicture[] = []
for (const name of PICTURES) {
  const picture = await readPicture(assetPath(name))
  if (picture === undefined) throw new Error(`${name} cannot be read; run npm run prepare`)
  for (const face of await finder.find(picture)) {
    if (face.box.height >= MASK_RULE.minFaceHeightPx) faces.push({ picture, face })
  }
}
const score = ({ picture, face }: FacePicture) => scoreMask(picture, face)

void t.test('bare faces are not refused', async (t) => {
  t.ok(faces.length >= 8, `${faces.length} faces are large enough`)
  for (const face of faces) t.ok((await score(face)) >= MASK_VETO_BELOW)
})

for (const species of MASK_SPECIES_NAMES) {
  void t.test(`another face worn over one's own is refused: ${species}`, async (t) => {
    let passed = 0
    for (const [i, wearer] of faces.entries()) {
      const shown = faces[(i + 3) % faces.length]
      const worn = wearMask(wearer, shown, species, i)
      const live = await score({ ...wearer, picture: worn })
      t.ok(live >= 0 && live <= 1)
      if (live >= MASK_VETO_BELOW) passed++
    }
    // Single pictures; a door hears of several frames.
    t.ok(passed <= faces.length / 3, `${passed} of ${faces.length} single pictures pass`)
  })
}

void t.test('the cue refuses nobody before a camera that was not calibrated', (t) => {
  const { isNeeded, rule } = maskCue(scoreMask)
  t.same([isNeeded, rule.attackBelow], [false, 0])
  t.end()
})
