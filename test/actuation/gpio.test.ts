import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'

import t from 'tap'
import { ulid } from 'ulid'

import { watchGpioContact } from '../../src/actuation/gpio-contact.js'
import { createGpioRelay } from '../../src/actuation/gpio-relay.js'
import {
  monitorArguments,
  parseToolsVersion,
  pulseArguments,
  restArguments,
} from '../../src/actuation/gpio-tools.js'
import { until } from '../events/mosquitto.js'
import { temporaryFolder } from '../store/samples.js'

/**
 * Stands in for libgpiod's tools: notes its arguments and ends as told. It shows how the tools are
 * called; whether a pin moves is not tested here.
 */
function putTool(
  t: { teardown(action: () => void): unknown },
  name: string,
  script: string,
): string {
  const folder = temporaryFolder(t)
  const log = join(folder, 'calls')
  const path = join(folder, name)
  const text = `#!/bin/sh\nif [ "$1" = --version ]; then echo "${name} (libgpiod) v2.2"; exit 0; fi\necho "$@" >> ${log}\n${script}\n`
  writeFileSync(path, text)
  chmodSync(path, 0o755)
  const before = process.env['PATH']
  process.env['PATH'] = `${folder}${delimiter}${before ?? ''}`
  t.teardown(() => {
    process.env['PATH'] = before
  })
  return log
}

const line = { chip: 'gpiochip0', line: 17, activeLow: false }
const order = () => ({
  id: ulid(),
  cause: { kind: 'order', by: 'cli', reason: '' } as const,
  pulseMs: 300,
  withinMs: 3000,
})

t.test('both syntaxes of the tools', (t) => {
  t.equal(parseToolsVersion('gpioset (libgpiod) v1.6.3\n'), 1)
  t.equal(parseToolsVersion('gpioset (libgpiod) v2.2.1\n'), 2)
  t.equal(parseToolsVersion('gpioset 9'), undefined)
  const low = { ...line, activeLow: true }
  t.strictSame(pulseArguments(1, low, 2500), [
    '--mode=time',
    '--sec=2',
    '--usec=500000',
    '--active-low',
    'gpiochip0',
    '17=1',
  ])
  t.strictSame(pulseArguments(2, low, 2500), [
    '--chip',
    'gpiochip0',
    '--active-low',
    '--toggle',
    '2500ms,0',
    '17=1',
  ])
  t.strictSame(restArguments(1, line), ['--mode=exit', 'gpiochip0', '17=0'])
  t.strictSame(restArguments(2, line), ['--chip', 'gpiochip0', '--toggle', '0', '17=0'])
  t.ok(
    monitorArguments(1, line).includes('gpiochip0') && monitorArguments(2, line).includes('both'),
  )
  t.end()
})

t.test('a pulse is begun, ended, and the line put to rest after it and at the start', async (t) => {
  const log = putTool(t, 'gpioset', 'case "$*" in *300ms*) sleep 0.3;; esac')
  const calls = () => readFileSync(log, 'utf8').trim().split('\n')
  const relay = createGpioRelay(line)
  await until(() => {
    try {
      return calls().length === 1
    } catch {
      return false
    }
  }, 'the rest at the start')
  t.match(await relay.open(order()), { outcome: 'opened', confirmed: false })
  await until(() => calls().length === 3, 'the rest after the pulse')
  const rest = '--chip gpiochip0 --toggle 0 17=0'
  t.strictSame(calls(), [rest, '--chip gpiochip0 --toggle 300ms,0 17=1', rest])
})

t.test('a tool that fails, and none at all, open nothing', async (t) => {
  const before = process.env['PATH']
  process.env['PATH'] = temporaryFolder(t)
  t.match(await createGpioRelay(line).open(order()), { outcome: 'failed', cure: /apt-get/ })
  process.env['PATH'] = before
  putTool(t, 'gpioset', 'echo "permission denied" >&2; exit 1')
  const answer = await createGpioRelay(line).open(order())
  t.match(answer, { outcome: 'failed', cause: /permission denied/, cure: /gpioinfo/ })
})

t.test('a contact is watched', async (t) => {
  putTool(t, 'gpiomon', 'echo 1; sleep 0.1; echo 2; exec sleep 5')
  const seen: string[] = []
  const watch = watchGpioContact(line, (state) => seen.push(state))
  t.teardown(() => watch.stop())
  await until(() => seen.length >= 2, 'both edges')
  t.strictSame(seen, ['open', 'closed'])
})
