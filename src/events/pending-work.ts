import { BrokerFault } from './broker-fault.js'

/** One piece of work under way. */
export interface Pending {
  readonly resolve: () => void
  readonly reject: (fault: BrokerFault) => void
}

/**
 * Work that ends with the connection at the latest, or after a time. It hangs on the end of a connection
 * once and not once a message, since a connection may last for months.
 * @param closed resolves when the connection ends
 */
export function createPendingWork(closed: Promise<BrokerFault>): {
  begin: (timeoutMs: number, start: (pending: Pending) => void) => Promise<void>
} {
  const pending = new Set<Pending>()
  void closed.then((fault) => {
    for (const work of pending) work.reject(fault)
  })
  return {
    begin: (timeoutMs, start) =>
      new Promise((resolve, reject) => {
        const settle = (): void => {
          clearTimeout(timer)
          pending.delete(work)
        }
        const work: Pending = {
          resolve: () => {
            settle()
            resolve()
          },
          reject: (fault) => {
            settle()
            reject(fault)
          },
        }
        const timer = setTimeout(() => {
          work.reject(
            new BrokerFault({
              cause: `the broker did not answer within ${timeoutMs} ms`,
              cure: 'check the network and the load of the broker',
            }),
          )
        }, timeoutMs)
        pending.add(work)
        start(work)
      }),
  }
}
