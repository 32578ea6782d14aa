import { join } from 'node:path'
import { Writable } from 'node:stream'
import { pino } from 'pino'
import t from 'tap'
import { loadConfig } from '../src/config/load.js'
import { assetPath } from '../src/models/registry.js'
import { startDaemon } from '../src/start-daemon.js'

t.test('a daemon that cannot start closes the eyes that it had opened', async (t) => {
  const { config } = loadConfig({
    env: {
      GENKAN_STORE_FOLDER: join(t.testdir(), 'data'),
      GENKAN_ADMIN_PORT: '0',
      GENKAN_MQTT_EMBEDDED_PORT: '0',
      GENKAN_CAMERA_SOURCE: 'file',
      GENKAN_CAMERA_PATH: assetPath('franck.mp4'),
      GENKAN_MODELS_TEXTURE: '/nowhere/texture.json',
    },
  })
  const cameraStates: string[] = []
  const lines = new Writable({
    write(line: Buffer, _encoding, done) {
      const { camera } = JSON.parse(line.toString()) as { camera?: { name: string } }
      if (camera !== undefined) cameraStates.push(camera.name)
      done()
    },
  })
  let judged = 0
  const start = startDaemon({
    config,
    log: pino({ base: null }, lines),
    onAlive: () => judged++,
  })
  await t.rejects(start, { name: 'ModelError' })
  t.equal(cameraStates.at(-1), 'stopped')
  t.equal(judged, 0, 'nothing is judged before everything stands')
})
