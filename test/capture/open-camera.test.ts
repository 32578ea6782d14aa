import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import t from 'tap'
import { openCamera } from '../../src/capture/open-camera.js'
import { cameraSchema, type CameraConfig } from '../../src/config/camera-schema.js'
import { makeClip } from './sample-clips.js'

const never = new AbortController().signal
const playlist = (file: string) =>
  [{ kind: 'clip', label: 'a clip', file, startS: 0, durationS: 1 }] as const

t.test('a clip and a replay of it open and show frames of the configured size', async (t) => {
  const path = await makeClip(join(t.testdir(), 'clip.mp4'), '400x300', 2)
  const configs = [
    { source: 'file', path, width: 320, height: 240 },
    { source: 'replay', width: 320, height: 240, gapS: 0.1 },
  ]
  for (const written of configs) {
    const items: string[] = []
    const camera = openCamera(cameraSchema.parse(written), {
      playlist: playlist(path),
      onReplayItem: ({ label }) => items.push(label),
    })
    t.same(camera.state, { name: 'starting' })
    camera.start()
    const frame = await camera.nextFrame(never)
    t.same([frame?.image.width, frame?.image.height], [320, 240], written.source)
    t.same(items, written.source === 'replay' ? ['a clip'] : [])
    await camera.stop()
  }
})

t.test('a camera that cannot be opened is degraded, whatever its source', async (t) => {
  const missing = join(t.testdir(), 'missing')
  const configs: [object, RegExp][] = [
    [{ source: 'file', path: missing }, /No such file/],
    [{ source: 'v4l2', device: '/dev/video99' }, /video99/],
    [{ source: 'snapshot', device: '/dev/video99' }, /fswebcam/],
    [{ source: 'rtsp', url: 'rtsp://127.0.0.1:1/' }, /refused|too old/],
    [{ source: 'mjpeg', url: 'http://127.0.0.1:1/' }, /refused|too old/],
    [
      { source: 'mjpeg', url: 'http://127.0.0.1:1/', username: 'a', passwordFile: missing },
      /password file .* can't be read|too old/,
    ],
    [{ source: 'replay' }, /No such file/],
  ]
  for (const [written, cause] of configs) {
    const config: CameraConfig = cameraSchema.parse(written)
    const camera = openCamera(config, { playlist: playlist(missing) })
    camera.start()
    for (let i = 0; i < 1000 && camera.state.name !== 'degraded'; i++) await delay(10)
    t.match(camera.state, { name: 'degraded', cause }, JSON.stringify(written))
    await camera.stop()
    t.equal(camera.state.name, 'stopped')
  }
})
