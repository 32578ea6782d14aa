import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { listPresentations } from '../../../src/evaluation/pad/presentations.js'

function fill(folder: string, files: readonly string[]): string {
  for (const file of files) {
    mkdirSync(join(folder, file, '..'), { recursive: true })
    writeFileSync(join(folder, file), 'x')
  }
  return folder
}

t.test('pictures in person folders or flat, and clips, by species', (t) => {
  const folder = fill(t.testdir({}), [
    'Live/anna/1.JPG',
    'Live/anna/session/2.png',
    'Live/talk.webm',
    'print/7.jpeg',
    'print/.hidden.jpg',
    'screen/bob/replay.MOV',
    'screen/notes.txt',
    'readme.txt',
  ])
  const { presentations, passedOver } = listPresentations(folder)
  t.match(presentations, [
    { species: 'live', isLive: true, kind: 'picture', person: 'anna' },
    { species: 'live', isLive: true, kind: 'picture', person: 'anna' },
    { species: 'live', isLive: true, kind: 'clip', person: join(folder, 'Live/talk.webm') },
    { species: 'print', isLive: false, kind: 'picture', person: '' },
    { species: 'screen', isLive: false, kind: 'clip', person: 'bob' },
  ])
  t.equal(presentations.length, 5)
  t.same(passedOver, [join(folder, 'readme.txt'), join(folder, 'screen/notes.txt')])
  t.end()
})

t.test('a folder that goes round in a circle ends, an empty one is refused', (t) => {
  const folder = fill(t.testdir({}), ['live/a.jpg'])
  symlinkSync(folder, join(folder, 'live', 'circle'))
  symlinkSync(join(folder, 'nowhere'), join(folder, 'live', 'broken.jpg'))
  t.ok(listPresentations(folder).presentations.length < 50)
  t.throws(() => listPresentations(t.testdir({ live: {} })), /holds no presentations/)
  t.end()
})
