import fc from 'fast-check'
import t from 'tap'
import { createLineTail, faultFromLines, redactAddresses } from '../../src/capture/ffmpeg-faults.js'

t.test('credentials never show', (t) => {
  t.equal(
    redactAddresses('rtsp://admin:secret@10.0.0.5:554/live: Connection refused'),
    'rtsp://***@10.0.0.5:554/live: Connection refused',
  )
  t.equal(
    redactAddresses("opening 'http://cam/video?user=a&pwd=secret' for reading"),
    "opening 'http://cam/video?***' for reading",
  )
  fc.assert(
    fc.property(fc.stringMatching(/^[a-zA-Z0-9:%]{8,20}$/), (secret) => {
      const line = redactAddresses(`[rtsp] rtsp://${secret}@host/path?token=${secret}: failed`)
      return !line.includes(secret)
    }),
  )
  t.end()
})

t.test('the last lines are kept, however much is said', (t) => {
  const tail = createLineTail()
  for (let i = 0; i < 10_000; i++) tail.push(`line ${i}\nhalf `)
  tail.push('x'.repeat(1_000_000))
  const lines = tail.lines()
  t.ok(lines.length <= 13)
  t.ok(lines.join('').length < 5000)
  t.end()
})

t.test('carriage returns and broken chunks make lines, too', (t) => {
  const tail = createLineTail()
  for (const chunk of ['/dev/vid', 'eo0: No such', ' file\r', '\n\r\nnext']) tail.push(chunk)
  t.same(tail.lines(), ['/dev/video0: No such file', 'next'])
  t.end()
})

t.test('known faults bring their cure', (t) => {
  const cures: [string, RegExp][] = [
    ['/dev/video0: No such file or directory', /plugged in/],
    ['/dev/video0: Permission denied', /group video/],
    ['/dev/video0: Device or resource busy', /fuser/],
    ['rtsp://cam/x: Connection refused', /cable/],
    ['method DESCRIBE failed: 401 Unauthorized', /passwordFile/],
    ['Server returned 404 Not Found', /camera\.url/],
    ['clip.mp4: Invalid data found when processing input', /no readable video/],
    ['something new', /check the camera/],
  ]
  for (const [line, cure] of cures) {
    const fault = faultFromLines(['noise before', line], 'FFmpeg ended with code 1')
    t.equal(fault.cause, `FFmpeg ended with code 1: ${line}`)
    t.match(fault.cure, cure)
  }
  t.equal(faultFromLines([], 'no frame for 3000 ms').cause, 'no frame for 3000 ms')
  t.end()
})
