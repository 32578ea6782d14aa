import { useState } from 'preact/hooks'

import { Problem } from '../parts/panel.js'
import { StyleDisplay } from '../parts/style-display.js'
import { StyleEasel } from '../parts/style-easel.js'
import { StyleGallery } from '../parts/style-gallery.js'
import { StyleOrder } from '../parts/style-order.js'
import { StyleSee } from '../parts/style-see.js'
import { isAdmin } from '../session.js'
import { styleJobs } from '../style-resources.js'
import type { StyleJobRecord } from '../style-resources.js'
import { useAction, useLoad } from '../use-load.js'

const isOpen = ({ state }: StyleJobRecord) => state === 'queued' || state === 'running'

/** Paint a picture in the style of another, watch it, keep it, show it at the door. */
export function StylePage() {
  const first = useLoad((signal) => styleJobs.list(undefined, signal))
  const [further, setFurther] = useState<readonly StyleJobRecord[]>([])
  const [cursor, setCursor] = useState<string | null | undefined>(undefined)
  const [changes, setChanges] = useState(0)
  const { error, run } = useAction()
  const jobs = [...(first.data?.items ?? []), ...further]
  const next = cursor === undefined ? first.data?.nextCursor : cursor

  function reload() {
    setFurther([])
    setCursor(undefined)
    setChanges((count) => count + 1)
    void first.reload()
  }

  async function more() {
    const page = await styleJobs.list(next ?? undefined)
    setFurther([...further, ...page.items])
    setCursor(page.nextCursor)
  }

  return (
    <>
      <StyleOrder onOrdered={reload} />
      <Problem error={first.error ?? error} />
      {jobs
        .filter(isOpen)
        .reverse()
        .map((job) => (
          <StyleEasel key={job.id} first={job} onEnded={reload} />
        ))}
      {first.data !== undefined && (
        <StyleGallery
          jobs={jobs.filter((job) => !isOpen(job))}
          onMore={next === null || next === undefined ? undefined : () => void run(more)}
          onChanged={reload}
        />
      )}
      {isAdmin.value && <StyleDisplay changes={changes} />}
      <StyleSee />
    </>
  )
}
