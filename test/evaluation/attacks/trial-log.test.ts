import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import type { AttackTrial } from '../../../src/evaluation/attacks/play.js'
import { openTrialLog } from '../../../src/evaluation/attacks/trial-log.js'

const folder = mkdtempSync(join(tmpdir(), 'genkan-trials-'))
t.teardown(() => rmSync(folder, { recursive: true, force: true }))

const trial = (index: number): AttackTrial => ({
  index,
  species: 'tilt',
  person: 'p1',
  frames: 300,
  framesWithFace: 298,
  modes: {
    life: {
      granted: false,
      outcomes: ['attack'],
      lifeEvents: 0,
      challengePassed: false,
      refusedBy: ['texture'],
    },
  },
})

t.test('what was played is there again, also after a line that was cut short', (t) => {
  const file = join(folder, 'cut.jsonl')
  const log = openTrialLog(file, 'stills 30')
  t.strictSame(log.trials, [])
  log.append(trial(0))
  log.append(trial(1))
  appendFileSync(file, '{"setting":"stills 30","index":2,"spec')
  const again = openTrialLog(file, 'stills 30')
  t.strictSame(again.trials, [trial(0), trial(1)])
  again.append(trial(2))
  t.strictSame(openTrialLog(file, 'stills 30').trials, [trial(0), trial(1), trial(2)])
  t.end()
})

t.test('a trial that stands twice counts once', (t) => {
  const file = join(folder, 'twice.jsonl')
  const log = openTrialLog(file, 's')
  log.append(trial(3))
  log.append(trial(3))
  t.equal(openTrialLog(file, 's').trials.length, 1)
  t.end()
})

t.test('trials of another setting, and what are none, are refused', (t) => {
  const file = join(folder, 'other.jsonl')
  openTrialLog(file, 'stills 30').append(trial(0))
  t.throws(() => openTrialLog(file, 'stills 12'), { name: 'RangeError', message: /stills 30/ })
  for (const line of ['{}', '[1]', '{"setting":"s","index":-1}', '{"setting":"s","index":1e9}']) {
    const bad = join(folder, 'bad.jsonl')
    writeFileSync(bad, `${line}\n`)
    t.throws(() => openTrialLog(bad, 's'), { message: /line 1, is no trial/ }, line)
    t.equal(readFileSync(bad, 'utf8'), `${line}\n`, 'and left alone')
  }
  t.end()
})
