import t from 'tap'
import { SCENES, composeScene, nameScene } from '../../src/bench/scenes.js'
import { loadStages } from '../../src/stages.js'
import { configSchema } from '../../src/config/schema.js'

t.test('every scene shows as many faces as it says', { timeout: 180_000 }, async (t) => {
  const { finder } = await loadStages(configSchema.parse({}).models)
  for (const scene of SCENES) {
    const [first, second] = await composeScene(scene, 2)
    t.match(first, { width: scene.width, height: scene.height })
    t.not(Buffer.compare(first.data, second.data), 0, 'and moves')
    t.equal((await finder.find(first)).length, scene.faces, nameScene(scene))
  }
})
