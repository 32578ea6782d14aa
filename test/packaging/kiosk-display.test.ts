import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { packageRoot } from '../../src/config/paths.js'

const SCRIPT = join(packageRoot, 'systemd', 'kiosk-display')
const URL = 'http://127.0.0.1:8080/kiosk#token=genkan_secret'
const PIN = '--ignore-certificate-errors-spki-list=abc='

t.test('the browser gets a page of its own user instead of the token', (t) => {
  const folder = t.testdir()
  const bin = join(folder, 'bin')
  const runtime = join(folder, 'run')
  for (const name of [bin, runtime]) mkdirSync(name)
  // Stands in for the compositor: says what it was started with.
  writeFileSync(join(bin, 'cage'), '#!/bin/sh\nprintf "%s\\n" "$@"\n')
  chmodSync(join(bin, 'cage'), 0o755)
  const argumentsOf = (more: Readonly<Record<string, string>>) =>
    execFileSync(SCRIPT, {
      env: {
        PATH: `${bin}:/usr/bin:/bin`,
        RUNTIME_DIRECTORY: runtime,
        STATE_DIRECTORY: '/var/lib/genkan-kiosk',
        GENKAN_KIOSK_URL: URL,
        ...more,
      },
      encoding: 'utf8',
    })
      .trim()
      .split('\n')
  const page = join(runtime, 'display.html')
  const plain = argumentsOf({})
  t.same(plain.slice(0, 5), ['-d', '--', 'chromium', '--kiosk', `--app=file://${page}`])
  t.notMatch(plain.join(' '), /token=|secret/)
  t.notOk(plain.includes(''), 'no empty argument where there is nothing to trust')
  t.equal(statSync(page).mode & 0o777, 0o600)
  t.match(readFileSync(page, 'utf8'), `location.replace("${URL}")`)
  t.same(
    argumentsOf({ GENKAN_KIOSK_TRUST: PIN }).filter((argument) => !plain.includes(argument)),
    [PIN],
  )
  t.end()
})
