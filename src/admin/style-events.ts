import { presentStyleJob } from './style-schemas.js'
import type { JobEvent, StyleJob, StylePort } from './ports/style.js'

/** A viewer whose unsent bytes pass this misses events, but never the last. */
const MAX_UNSENT_BYTES = 64 * 1024
const MAX_VIEWERS = 32

const hasEnded = ({ state }: StyleJob) => state !== 'queued' && state !== 'running'

/** Hands the events of one job to one viewer each. */
export interface StyleEventStreams {
  /** @returns the stream's bytes, which end with the job, or `undefined` with too many viewers */
  connect(job: StyleJob, signal?: AbortSignal): ReadableStream<Uint8Array> | undefined
}

/** Server-sent events: `job` with its document, `preview` when there is a new one, `gone`. */
export function createStyleEventStreams(
  style: Pick<StylePort, 'subscribe'>,
  heartbeatMs: number,
): StyleEventStreams {
  const encoder = new TextEncoder()
  let viewers = 0

  const message = (event: string, data: unknown) =>
    encoder.encode(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`)

  return {
    connect(job, signal) {
      if (viewers >= MAX_VIEWERS || signal?.aborted === true) return undefined
      let leave = (): void => undefined
      return new ReadableStream<Uint8Array>(
        {
          start(controller) {
            viewers++
            let previews = 0
            const heartbeat = setInterval(
              () => controller.enqueue(encoder.encode(': still here\n\n')),
              heartbeatMs,
            )
            heartbeat.unref()
            const unsubscribe = style.subscribe(job.id, tell)
            let left = false
            const close = () => {
              leave()
              controller.close()
            }
            leave = () => {
              if (left) return
              left = true
              viewers--
              clearInterval(heartbeat)
              unsubscribe()
              signal?.removeEventListener('abort', close)
            }
            signal?.addEventListener('abort', close, { once: true })

            function tell(event: JobEvent): void {
              const isLast = event.type === 'gone' || (event.type === 'job' && hasEnded(event.job))
              if (!isLast && (controller.desiredSize ?? 0) <= 0) return
              switch (event.type) {
                case 'job':
                  controller.enqueue(message('job', presentStyleJob(event.job)))
                  break
                case 'preview':
                  controller.enqueue(message('preview', { number: ++previews }))
                  break
                case 'gone':
                  controller.enqueue(message('gone', {}))
              }
              if (isLast) close()
            }

            tell({ type: 'job', job })
          },
          cancel: () => leave(),
        },
        new ByteLengthQueuingStrategy({ highWaterMark: MAX_UNSENT_BYTES }),
      )
    },
  }
}
