import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { packageRoot } from '../src/config/paths.js'
import { DAEMON_ENVIRONMENT, DAEMON_NODE_ARGUMENTS } from '../src/daemon-process.js'

const environment = Object.entries(DAEMON_ENVIRONMENT).map(([name, value]) => `${name}=${value}`)

t.test('npm start and the service start the daemon as it is measured', (t) => {
  const { scripts } = JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>
  }
  const expected = [...environment, 'node', ...DAEMON_NODE_ARGUMENTS, 'build/src/main.js'].join(' ')
  t.equal(scripts['start'], expected)
  t.ok(scripts['bench'].startsWith(expected.replace('build/src/main.js', '')))
  const unit = readFileSync(join(packageRoot, 'systemd', 'genkan.service'), 'utf8').split('\n')
  for (const line of environment) t.ok(unit.includes(`Environment=${line}`), line)
  const launcher = readFileSync(join(packageRoot, 'systemd', 'debian', 'genkan'), 'utf8')
  t.ok(launcher.includes(`[ "$1" = run ] && node_arguments='${DAEMON_NODE_ARGUMENTS.join(' ')}'`))
  t.end()
})
