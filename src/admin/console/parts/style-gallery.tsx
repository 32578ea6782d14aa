import { useState } from 'preact/hooks'

import { formatWhen } from '../format.js'
import { isAdmin } from '../session.js'
import { styleJobs } from '../style-resources.js'
import type { StyleJobRecord } from '../style-resources.js'
import { useAction } from '../use-load.js'
import { words } from '../words.js'
import { ConfirmDialog } from './dialog.js'
import { Icon } from './icon.js'
import { Done, Empty, IconButton, Panel, Problem } from './panel.js'

function Finished(props: {
  readonly job: StyleJobRecord
  readonly onSend: () => void
  readonly onDelete: () => void
}) {
  const { job, onSend, onDelete } = props
  const { styles: text, common } = words.value
  const when = text.result(formatWhen(job.endedAt ?? job.createdAt))
  return (
    <li data-job={job.id} data-state={job.state}>
      {job.state === 'done' ? (
        <a href={styleJobs.resultHref(job.id)} target="_blank" rel="noreferrer" title={text.open}>
          <img src={styleJobs.thumbnailHref(job.id)} alt={when} loading="lazy" />
        </a>
      ) : (
        <div class="gallery-none">
          <Icon name={job.state === 'failed' ? 'warning' : 'picture'} />
          <strong>{text[job.state]}</strong>
          {job.failure !== null && (
            <span lang="en">
              {job.failure.cause}; {job.failure.cure}
            </span>
          )}
        </div>
      )}
      <div class="gallery-line">
        <span class="soft small">{formatWhen(job.endedAt ?? job.createdAt)}</span>
        {job.state === 'done' && isAdmin.value && (
          <IconButton icon="export" label={text.send} onClick={onSend} />
        )}
        <IconButton icon="remove" label={`${common.delete}: ${when}`} onClick={onDelete} />
      </div>
    </li>
  )
}

/** What was painted. */
export function StyleGallery(props: {
  readonly jobs: readonly StyleJobRecord[]
  readonly onMore: (() => void) | undefined
  readonly onChanged: () => void
}) {
  const { jobs, onMore, onChanged } = props
  const [deleting, setDeleting] = useState<StyleJobRecord | undefined>(undefined)
  const [done, setDone] = useState('')
  const { error, run } = useAction()
  const { styles: text, common } = words.value
  return (
    <Panel title={text.gallery} note={text.galleryNote}>
      <Problem error={error} />
      <Done text={done} />
      {jobs.length === 0 && <Empty icon="picture">{text.empty}</Empty>}
      <ul class="gallery">
        {jobs.map((job) => (
          <Finished
            key={job.id}
            job={job}
            onDelete={() => setDeleting(job)}
            onSend={() => {
              setDone('')
              void run(() => styleJobs.sendToKiosk(job.id)).then((sent) => {
                if (!sent) return
                setDone(text.sent)
                onChanged()
              })
            }}
          />
        ))}
      </ul>
      {onMore !== undefined && (
        <div class="more">
          <button type="button" onClick={onMore}>
            {common.more}
          </button>
        </div>
      )}
      {deleting !== undefined && (
        <ConfirmDialog
          title={text.deleteTitle}
          text={text.deleteText}
          confirm={common.delete}
          onConfirm={async () => {
            await styleJobs.remove(deleting.id)
            onChanged()
          }}
          onClose={() => setDeleting(undefined)}
        />
      )}
    </Panel>
  )
}
