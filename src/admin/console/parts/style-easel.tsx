import { useEffect, useState } from 'preact/hooks'

import { formatCount, formatRate } from '../format.js'
import { styleJobs } from '../style-resources.js'
import type { StyleJobRecord } from '../style-resources.js'
import { useAction } from '../use-load.js'
import { words } from '../words.js'
import { Icon } from './icon.js'
import { Panel, Problem } from './panel.js'

/** A number of any size in three digits. */
const shown = (value: number) => value.toPrecision(3)

/** The job as it goes on, and the number of the newest preview. */
function useJob(first: StyleJobRecord, onEnded: () => void) {
  const [job, setJob] = useState(first)
  const [preview, setPreview] = useState(0)
  useEffect(() => {
    setJob(first)
    const events = new EventSource(styleJobs.eventsHref(first.id))
    const end = () => {
      events.close()
      onEnded()
    }
    events.addEventListener('job', (event: MessageEvent<string>) => {
      const next = JSON.parse(event.data) as StyleJobRecord
      setJob(next)
      if (next.state !== 'queued' && next.state !== 'running') end()
    })
    events.addEventListener('preview', () => setPreview((number) => number + 1))
    events.addEventListener('gone', end)
    return () => events.close()
  }, [first.id])
  return { job, preview }
}

/** A job that waits or is being painted: the picture as it stands, how far it is, and J. */
export function StyleEasel(props: {
  readonly first: StyleJobRecord
  readonly onEnded: () => void
}) {
  const { job, preview } = useJob(props.first, props.onEnded)
  const { error, busy, run } = useAction()
  const { styles: text } = words.value
  const { progress } = job
  return (
    <Panel
      title={text.now}
      note={text[job.state]}
      class="easel"
      actions={
        <button
          type="button"
          disabled={busy}
          onClick={() => void run(() => styleJobs.cancel(job.id))}
        >
          <Icon name="denied" />
          {text.cancel}
        </button>
      }
    >
      <Problem error={error} />
      <div class="easel-body" data-job={job.id} data-state={job.state} data-preview={preview}>
        {preview > 0 ? (
          <img
            class="easel-picture"
            src={styleJobs.previewHref(job.id, preview)}
            alt={text.preview}
          />
        ) : (
          <div class="easel-picture empty">
            <Icon name="picture" />
          </div>
        )}
        <div class="stack">
          <progress max={1} value={progress?.part ?? 0} aria-label={text[job.state]} />
          <p class="num">{formatRate(progress?.part ?? 0)}</p>
          {progress !== null && (
            <>
              <p>
                {text.atSize(String(progress.width), String(progress.height))},{' '}
                {text.step(formatCount(progress.step), formatCount(progress.steps))}
              </p>
              <dl class="facts">
                <div>
                  <dt>{text.cost}</dt>
                  <dd class="num">{shown(progress.costs.total)}</dd>
                </div>
                <div>
                  <dt>{text.contentCost}</dt>
                  <dd class="num">{shown(progress.costs.content)}</dd>
                </div>
                <div>
                  <dt>{text.styleCost}</dt>
                  <dd class="num">{shown(progress.costs.style)}</dd>
                </div>
              </dl>
            </>
          )}
        </div>
      </div>
    </Panel>
  )
}
