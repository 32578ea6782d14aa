import { useState } from 'preact/hooks'

import { formatCount, formatMoment } from '../format.js'
import { Icon } from '../parts/icon.js'
import { Empty, Notice, Panel, Problem, Waiting } from '../parts/panel.js'
import { sentence } from '../problem-text.js'
import { audit } from '../resources.js'
import type { AuditEntry, AuditVerdict } from '../resources.js'
import { useAction, useLoad } from '../use-load.js'
import { words } from '../words.js'

const PAGE = 50

function Verification() {
  const [result, setResult] = useState<AuditVerdict | undefined>(undefined)
  const { busy, error, run } = useAction()
  const { audit: text } = words.value
  return (
    <div class="verification" role="status">
      <button
        type="button"
        disabled={busy}
        onClick={() => void run(async () => setResult(await audit.verify()))}
      >
        <Icon name="lock" />
        {text.verify}
      </button>
      {result?.intact === true && (
        <span class="done">
          <Icon name="granted" />
          {text.intact(formatCount(result.entries))}
        </span>
      )}
      {result?.intact === false && (
        <Notice tone="bad">
          {text.broken} <span lang="en">{sentence(result.fault ?? '')}</span>
        </Notice>
      )}
      {result?.head && (
        <span class="soft small">
          {text.head} <code>{result.head}</code>
        </span>
      )}
      <Problem error={error} />
    </div>
  )
}

/** Who did what, and whether the record is whole. */
export function AuditPage() {
  const [earlier, setEarlier] = useState<readonly AuditEntry[]>([])
  const [cursor, setCursor] = useState<string | null>(null)
  const action = useAction()
  const { audit: text, common } = words.value
  const { data, error } = useLoad(async (signal) => {
    const page = await audit.list({ limit: PAGE }, signal)
    setEarlier([])
    setCursor(page.nextCursor)
    return page.items
  })
  const shown = [...(data ?? []), ...earlier]
  return (
    <Panel
      title={text.list}
      note={text.note}
      actions={
        <span class="exports" role="group" aria-label={text.exports}>
          {(['csv', 'ndjson'] as const).map((kind) => (
            <a key={kind} class="button" href={audit.exportHref(kind)} download>
              <Icon name="export" />
              {kind.toUpperCase()}
            </a>
          ))}
        </span>
      }
    >
      <Verification />
      <Problem error={error ?? action.error} />
      {data === undefined && error === undefined && <Waiting />}
      {data?.length === 0 && <Empty icon="audit">{text.none}</Empty>}
      {shown.length > 0 && (
        <div
          class="table-wrap cards"
          tabIndex={0}
          role="region"
          aria-label={words.value.pages.audit}
        >
          <table>
            <thead>
              <tr>
                <th scope="col">{text.when}</th>
                <th scope="col">{text.who}</th>
                <th scope="col">{text.what}</th>
                <th scope="col">{text.about}</th>
              </tr>
            </thead>
            <tbody>
              {shown.map((entry) => (
                <tr key={entry.id}>
                  <td class="num">{formatMoment(entry.at)}</td>
                  <td data-label={text.who}>{entry.actorName ?? entry.actor}</td>
                  <td data-label={text.what}>
                    <code>{entry.action}</code>
                  </td>
                  <td {...(entry.subject === null ? {} : { 'data-label': text.about })}>
                    <code class="soft">{entry.subject ?? ''}</code>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {cursor !== null && (
        <button
          class="more"
          type="button"
          disabled={action.busy}
          onClick={() =>
            void action.run(async () => {
              const page = await audit.list({ cursor, limit: PAGE })
              setEarlier([...earlier, ...page.items])
              setCursor(page.nextCursor)
            })
          }
        >
          {common.earlier}
        </button>
      )}
    </Panel>
  )
}
