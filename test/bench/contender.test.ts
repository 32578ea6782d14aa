import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { startContender } from '../../src/bench/contender.js'

const node = (script: string) => ({
  name: 'peer',
  command: process.execPath,
  args: ['--input-type=module', '-e', script],
})

t.test('a peer that cannot start is told with its last words', async (t) => {
  await t.rejects(startContender(node('throw new Error("no such model")')), /no such model/)
  await t.rejects(
    startContender({ name: 'peer', command: '/nowhere/at-all', args: [] }),
    /peer gave no answer: .*ENOENT/,
  )
})

t.test('what does not keep to the protocol is refused', async (t) => {
  await t.rejects(startContender(node('console.log("hello")')))
  await t.rejects(startContender(node('console.log("{}")')))
})

t.test('frames go to a contender and its timings come back', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'genkan-contender-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'frames.rgb')
  writeFileSync(path, new Uint8Array(2 * 4 * 3 * 3).fill(7))
  const serve = new URL('../../src/bench/serve.js', import.meta.url).href
  const contender = await startContender(
    node(`
      import { serveBench } from '${serve}'
      const count = async ({ data }) => data[0]
      await serveBench({ version: '1', judges: 'nothing' }, { detect: count, encode: count, decide: count })
    `),
  )
  t.teardown(() => contender.stop())
  t.same(contender.introduction, { version: '1', judges: 'nothing' })
  await contender.load({ path, width: 4, height: 3, count: 2 })
  const run = await contender.run('decide', 5)
  t.equal(run.ms.length, 5)
  t.equal(run.faces, 35)
  t.ok(run.rssMb > 1)
})
