import fc from 'fast-check'
import t from 'tap'
import { parseLfwPairs } from '../../src/evaluation/lfw-pairs.js'

t.test('reads folds of same and different pairs', (t) => {
  const pairs = parseLfwPairs('2\t1\nAnn\t1\t2\nAnn\t1\tBob\t10\nBob 3 4\nBob 1 Cid 2\n', '/d')
  t.same(pairs, [
    { fold: 0, same: true, paths: ['/d/Ann/Ann_0001.jpg', '/d/Ann/Ann_0002.jpg'] },
    { fold: 0, same: false, paths: ['/d/Ann/Ann_0001.jpg', '/d/Bob/Bob_0010.jpg'] },
    { fold: 1, same: true, paths: ['/d/Bob/Bob_0003.jpg', '/d/Bob/Bob_0004.jpg'] },
    { fold: 1, same: false, paths: ['/d/Bob/Bob_0001.jpg', '/d/Cid/Cid_0002.jpg'] },
  ])
  t.end()
})

t.test('says what does not fit', (t) => {
  t.throws(() => parseLfwPairs('', '/d'), /line 1/)
  t.throws(() => parseLfwPairs('1 1\nAnn 1 2\n', '/d'), /promises 2 pairs and holds 1/)
  t.throws(() => parseLfwPairs('1 1\nAnn 1 Bob 2\nAnn 1 2\n', '/d'), /line 2/)
  t.throws(() => parseLfwPairs('1 1\nAnn 1 x\nAnn 1 Bob 2\n', '/d'), /line 2/)
  t.throws(() => parseLfwPairs('1 1\n../../etc 1 2\nAnn 1 Bob 2\n', '/d'), /line 2/)
  t.throws(() => parseLfwPairs('99999999 99999999\n', '/d'), /more than/)
  t.end()
})

t.test('any text either parses or is refused with a reason', (t) => {
  fc.assert(
    fc.property(fc.string({ maxLength: 300 }), (text) => {
      try {
        parseLfwPairs(text, '/d')
      } catch (error) {
        return error instanceof Error && error.message !== ''
      }
      return true
    }),
  )
  t.pass('no crash')
  t.end()
})
