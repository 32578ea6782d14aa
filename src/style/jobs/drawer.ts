import type { Child, StartChild } from './child.js'

/** Has library pictures drawn in a process of their own, each once. */
export interface Drawer {
  /** PNG; rejects when it cannot be drawn, and may be asked for again. */
  draw(id: string, sidePixels: number): Promise<Uint8Array>
  stop(): void
}

interface Waiting {
  readonly promise: Promise<Uint8Array>
  readonly resolve: (png: Uint8Array) => void
  readonly reject: (why: Error) => void
}

const keyOf = (id: string, sidePixels: number) => `${id} ${sidePixels}`

/** The {@link Drawer}; its process lives as long as something is to be drawn. */
export function createDrawer(startChild: StartChild): Drawer {
  const drawn = new Map<string, Uint8Array>()
  const waiting = new Map<string, Waiting>()
  let child: Child | undefined

  function giveUp(why: string): void {
    const was = child
    child = undefined
    was?.kill()
    for (const { reject } of waiting.values()) reject(new Error(why))
    waiting.clear()
  }

  function begin(): Child {
    const started: Child = startChild({
      onReport(report) {
        if (child !== started) return
        if (report.type === 'refused') giveUp(report.failure.cause)
        if (report.type !== 'drawn') return
        const key = keyOf(report.id, report.sidePixels)
        drawn.set(key, report.png)
        waiting.get(key)?.resolve(report.png)
        waiting.delete(key)
        if (waiting.size > 0) return
        child = undefined
        started.kill()
      },
      onEnd({ how }) {
        if (child === started) giveUp(`the process that draws ended (${how})`)
      },
    })
    return started
  }

  return {
    draw(id, sidePixels) {
      const key = keyOf(id, sidePixels)
      const known = drawn.get(key)
      if (known !== undefined) return Promise.resolve(known)
      const asked = waiting.get(key)
      if (asked !== undefined) return asked.promise
      let resolve: Waiting['resolve'] = () => undefined
      let reject: Waiting['reject'] = () => undefined
      const promise = new Promise<Uint8Array>((yes, no) => {
        resolve = yes
        reject = no
      })
      waiting.set(key, { promise, resolve, reject })
      child ??= begin()
      child.send({ type: 'draw', id, sidePixels })
      return promise
    },
    stop: () => giveUp('genkan stops'),
  }
}
