import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import t from 'tap'
import {
  clipArguments,
  streamArguments,
  type FfmpegInput,
} from '../../src/capture/ffmpeg-arguments.js'
import type { FfmpegBinary } from '../../src/capture/find-ffmpeg.js'

const binary: FfmpegBinary = {
  path: '/usr/bin/ffmpeg',
  origin: 'system',
  version: '7.0',
  passEveryFrame: ['-fps_mode', 'passthrough'],
}
const geometry = { width: 640, height: 480, framesPerSecond: 15 }
const argumentsFor = (input: FfmpegInput) => streamArguments(binary, input, geometry)
const inputOf = (args: readonly string[]) => args[args.indexOf('-i') + 1]

t.test('a file name is always a file, whatever it looks like', (t) => {
  fc.assert(
    fc.property(
      fc.string({ minLength: 1 }).filter((name) => !name.includes('\0')),
      (path) => {
        for (const made of [
          argumentsFor({ source: 'file', path }),
          clipArguments({ source: 'file', path }, 12),
        ]) {
          if (!made.ok) return false
          if (!inputOf(made.args).startsWith('file:/')) return false
          if (made.args[made.args.indexOf('-protocol_whitelist') + 1] !== 'file') return false
        }
        return true
      },
    ),
  )
  const made = argumentsFor({ source: 'file', path: '-f concat' })
  t.ok(made.ok && inputOf(made.args).endsWith('/-f concat'))
  t.notOk(argumentsFor({ source: 'file', path: '' }).ok)
  t.notOk(argumentsFor({ source: 'file', path: 'a\0b' }).ok)
  t.end()
})

t.test('a device is a path under /dev and nothing else', (t) => {
  const device = (name: string) => argumentsFor({ source: 'v4l2', device: name }).ok
  t.ok(device('/dev/video0'))
  t.ok(device('/dev/v4l/by-id/usb-046d_HD_Pro_Webcam_C920-video-index0'))
  t.ok(device('/dev/v4l/by-path/pci-0000:00:14.0-usb-0:1:1.0-video-index0'))
  for (const name of ['', 'video0', '-f', '/etc/passwd', '/dev/../etc/passwd', '/dev/video0 -f']) {
    t.notOk(device(name), JSON.stringify(name))
  }
  t.notOk(argumentsFor({ source: 'v4l2', device: '/dev/video0', inputFormat: '-f x' }).ok)
  t.end()
})

t.test('an address has the scheme of its source', (t) => {
  const url = (source: 'rtsp' | 'mjpeg', address: string) =>
    argumentsFor({ source, url: address }).ok
  t.ok(url('rtsp', 'rtsp://10.0.0.5:554/stream1'))
  t.ok(url('mjpeg', 'https://cam.local/video.mjpg?fps=10'))
  for (const address of ['file:///etc/passwd', 'concat:a|b', 'http://', 'not an address', '-i x']) {
    t.notOk(url('rtsp', address), address)
    t.notOk(url('mjpeg', address), address)
  }
  t.notOk(url('mjpeg', 'rtsp://10.0.0.5/'))
  t.notOk(url('rtsp', 'http://10.0.0.5/'))
  t.end()
})

t.test('the password comes from its file', (t) => {
  const passwordFile = join(t.testdir(), 'password')
  writeFileSync(passwordFile, 'p@ss/w:rd\nsecond line\n')
  const url = 'rtsp://10.0.0.5/stream1'
  const made = argumentsFor({ source: 'rtsp', url, username: 'a b', passwordFile })
  t.ok(made.ok && inputOf(made.args) === 'rtsp://a%20b:p%40ss%2Fw%3Ard@10.0.0.5/stream1')
  const missing = argumentsFor({ source: 'rtsp', url, username: 'a', passwordFile: '/nowhere' })
  t.match(missing, { ok: false, cause: /\/nowhere can't be read/ })
  t.end()
})
