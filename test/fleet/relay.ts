import { connect, createServer, type AddressInfo, type Socket } from 'node:net'

import type { Test } from './cluster.js'

/** An address that stays while what is behind it changes, as a virtual one does in a failover. */
export interface Relay {
  readonly port: number
  /** Whatever connects from now on gets there; what is open is cut. */
  pointTo(port: number): void
  /** Bytes are swallowed and connections stay open: a network that is gone tells nobody so. */
  swallow(on: boolean): void
}

/** Relays loopback connections. */
export async function startRelay(t: Test, target: number): Promise<Relay> {
  const open = new Set<Socket>()
  let behind = target
  let isSwallowing = false
  function join(from: Socket, to: Socket): void {
    open.add(from)
    from.on('data', (bytes) => {
      if (!isSwallowing) to.write(bytes)
    })
    from.on('error', () => undefined)
    from.on('close', () => {
      open.delete(from)
      to.destroy()
    })
  }
  const server = createServer((socket) => {
    const there = connect(behind, '127.0.0.1')
    join(socket, there)
    join(there, socket)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const cut = () => {
    for (const socket of open) socket.destroy()
  }
  t.teardown(() => {
    cut()
    server.close()
  })
  return {
    port: (server.address() as AddressInfo).port,
    pointTo(next) {
      behind = next
      cut()
    },
    swallow(on) {
      isSwallowing = on
      // What was swallowed is missing in the stream: such connections never come back.
      if (!on) cut()
    },
  }
}
