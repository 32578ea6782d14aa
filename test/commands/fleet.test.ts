import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import t from 'tap'

import { noPostgres, startCluster, type Test } from '../fleet/cluster.js'
import { runCli } from '../run-cli.js'

function newKiosk(t: Test, url: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'genkan-fleet-cli-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  writeFileSync(join(folder, 'genkan.yaml'), `store: { fleet: { url: ${url} } }\n`)
  return folder
}

t.test('a fleet is begun, joined and left by the command line', { skip: noPostgres }, async (t) => {
  const { url } = await startCluster(t)
  const [a, b] = [newKiosk(t, url), newKiosk(t, url)]
  const fleet = (folder: string, ...args: string[]) => runCli(folder, 'fleet', ...args)

  const early = await fleet(a, 'invite')
  t.equal(early.exitCode, 1)
  t.match(early.err, /in no fleet; begin one \(genkan fleet init\)/)
  t.equal((await fleet(a, 'init', '--name', 'front')).exitCode, 0)
  t.match((await fleet(b, 'init')).err, /holds a fleet already/)
  const invitation = (await fleet(a, 'invite')).out.trim()
  t.match(invitation, /^genkan-fleet_/)
  const spoilt = `${invitation.slice(0, -2)}AA`
  t.match((await fleet(b, 'join', spoilt)).err, /does not open what it names/)
  t.equal((await fleet(b, 'join', invitation, '--name', 'back')).exitCode, 0)
  const third = newKiosk(t, url)
  t.match((await fleet(third, 'join', invitation)).err, /was used, has expired/)
  const members = JSON.parse((await fleet(a, 'members', '--json')).out) as object[]
  t.match(members, [
    { name: 'front', trusted: true, removed: false },
    { name: 'back', trusted: true, removed: false },
  ])
  t.equal((await fleet(a, 'admit', 'back', '--nobody')).exitCode, 0)
  const started = ['rollout', 'start', 'mobilefacenet-128', '--stage', 'back']
  t.match((await fleet(a, ...started)).out, /no door uses it yet\n.*back: has not been heard of/s)
  t.equal((await fleet(a, 'remove', 'back')).exitCode, 0)
  t.match((await fleet(a, 'members')).out, /back +removed/)
  t.match(JSON.parse((await fleet(a, 'status', '--json')).out), { generation: 2, waiting: 0 })
  t.equal((await fleet(b, 'leave')).exitCode, 0)
})
