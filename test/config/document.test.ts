import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { configKeys } from '../../src/config/describe-keys.js'
import { configTable, TABLE_BEGIN, TABLE_END, withConfigTable } from '../../src/config/document.js'
import { packageRoot } from '../../src/config/paths.js'

t.test('every key is described', (t) => {
  for (const { path, description, allowed } of configKeys) {
    t.ok(description.length > 5 && allowed !== '', path)
    t.match(description, /[.;]$/, `${path} is a sentence`)
  }
  t.end()
})

t.test('the table has one row a key, with its default', (t) => {
  const rows = configTable().split('\n').slice(2)
  t.equal(rows.length, configKeys.length)
  t.ok(rows.every((row) => row.split(/(?<!\\)\|/).length === 6))
  t.ok(configTable().includes('| `admin.port` | `8080` | 0 to 65535 |'))
  t.ok(configTable().includes('| `matching.threshold` | `null` |'))
  t.end()
})

t.test('the table goes between the markers', (t) => {
  const text = `before\n${TABLE_BEGIN}\nold\n${TABLE_END}\nafter\n`
  const written = withConfigTable(text)
  t.equal(withConfigTable(written), written)
  t.match(written, /^before\n/)
  t.match(written, /\nafter\n$/)
  t.notMatch(written, /^old$/m)
  t.throws(() => withConfigTable('no markers'), /put/)
  t.throws(() => withConfigTable(`${TABLE_END}${TABLE_BEGIN}`), /put/)
  t.end()
})

const readme = join(packageRoot, 'README.md')
const hasMarkers = existsSync(readme) && readFileSync(readme, 'utf8').includes(TABLE_BEGIN)
t.test(
  "the README's table is the schema's",
  { skip: hasMarkers ? false : `README.md has no ${TABLE_BEGIN}` },
  (t) => {
    const text = readFileSync(readme, 'utf8')
    const cure = 'node build/src/config/document.js --write README.md'
    t.equal(withConfigTable(text), text, `bring it up to date with: ${cure}`)
    t.end()
  },
)
