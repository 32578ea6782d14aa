import { chmodSync, chownSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'

import t from 'tap'

import { connectPostgres } from '../../src/fleet/postgres.js'
import { createAuthority, noOpenssl } from '../events/mosquitto.js'
import { noPostgres, startCluster } from './cluster.js'

t.test(
  'the server’s certificate is verified, and clear text is never the way out',
  { skip: noPostgres || noOpenssl },
  async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'genkan-fleet-tls-'))
    t.teardown(() => rmSync(folder, { recursive: true, force: true }))
    const [right, wrong] = [createAuthority(t), createAuthority(t)]
    const { cert, key } = right.sign('localhost', 2)
    const write = (name: string, text: string) => {
      const path = join(folder, name)
      writeFileSync(path, text, { mode: 0o600 })
      if (userInfo().uid === 0) {
        const { uid, gid } = statSync('/var/lib/postgresql')
        chownSync(path, uid, gid)
      }
      return path
    }
    chmodSync(folder, 0o755)
    const cluster = await startCluster(t, {
      ssl: 'on',
      ssl_cert_file: `'${write('server.pem', cert)}'`,
      ssl_key_file: `'${write('server.key', key)}'`,
    })
    const client = await connectPostgres({ url: cluster.url, ca: write('ca.pem', right.ca) })
    const { rows } = await client.query<{ ssl: boolean }>(
      'SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()',
    )
    t.equal(rows[0].ssl, true)
    await client.end()
    const other = write('wrong.pem', wrong.ca)
    await t.rejects(connectPostgres({ url: cluster.url, ca: other }), {
      code: 'refused',
      cause: /certificate is not trusted/,
    })
    const plain = await startCluster(t)
    await t.rejects(
      connectPostgres({ url: plain.url, ca: other }),
      { code: 'unreachable', cause: /does not support SSL/ },
      'a server without TLS is refused where TLS is asked for',
    )
    await t.rejects(connectPostgres({ url: cluster.url, ca: '/nowhere.pem' }), {
      code: 'bad-input',
    })
  },
)
