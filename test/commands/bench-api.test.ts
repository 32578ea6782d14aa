import t from 'tap'

import { measureApi } from '../../src/commands/bench-api.js'

t.test('50 reads a second miss no decision and meet no error', { timeout: 240_000 }, async (t) => {
  const report = await measureApi(4, 50, 1)
  t.equal(report.errors, 0)
  t.equal(report.missed, 0)
  t.ok(report.requests >= 200, 'asked for as long as the door was looked at')
  t.ok(report.decisions > 0, 'and there was something to miss')
  t.match(report.doors, [{ load: 'idle' }, { load: 'asked' }])
})
