import { useState } from 'preact/hooks'

import { DecisionRow } from '../parts/decision-row.js'
import { SelectField, TextField } from '../parts/field.js'
import { Icon } from '../parts/icon.js'
import { Empty, Panel, Problem, Waiting } from '../parts/panel.js'
import type { Decision } from '../../../decision/decision.js'
import { decisions, persons } from '../resources.js'
import type { DecisionFilter } from '../resources.js'
import { goTo, hrefOf, route } from '../route.js'
import { door } from '../session.js'
import { useAction, useLoad } from '../use-load.js'
import { words } from '../words.js'

const PAGE = 25
const FILTERS = ['outcome', 'reason', 'personId', 'from', 'to'] as const

/** The filter that the address says, so that a link keeps it. */
function useFilter() {
  const { query } = route.value
  const chosen = Object.fromEntries(
    FILTERS.flatMap((name) => {
      const value = query.get(name)
      return value === null || value === '' ? [] : [[name, value]]
    }),
  )
  const set = (change: Readonly<Record<string, string>>) => {
    const next = new URLSearchParams({ ...chosen, ...change })
    for (const [name, value] of [...next]) if (value === '') next.delete(name)
    goTo(hrefOf('decisions', undefined, next.size === 0 ? '' : `?${next.toString()}`), true)
  }
  return { chosen, set }
}

/** Whole days of this browser as instants, for the API. */
function toApi(chosen: Readonly<Partial<Record<string, string>>>): DecisionFilter {
  const { from, to, ...rest } = chosen
  return {
    ...(rest as DecisionFilter),
    ...(from === undefined ? {} : { from: new Date(`${from}T00:00:00`).toISOString() }),
    ...(to === undefined ? {} : { to: new Date(`${to}T23:59:59.999`).toISOString() }),
  }
}

function Filters({ chosen, set }: ReturnType<typeof useFilter>) {
  const { decisions: text, outcome, reasons, common } = words.value
  const people = useLoad(async (signal) => (await persons.list({ limit: 200 }, signal)).items)
  const value = (name: (typeof FILTERS)[number]) => chosen[name] ?? ''
  return (
    <form class="filters" aria-label={text.filters} onSubmit={(event) => event.preventDefault()}>
      <SelectField
        label={text.outcome}
        value={value('outcome')}
        options={[
          ['', common.all],
          ['granted', outcome.granted],
          ['denied', outcome.denied],
        ]}
        onChange={(picked) => set({ outcome: picked, reason: '' })}
      />
      <SelectField
        label={text.reason}
        value={value('reason')}
        options={[['', common.all], ...Object.entries(reasons)]}
        onChange={(picked) => set({ reason: picked, outcome: picked === '' ? '' : 'denied' })}
      />
      <SelectField
        label={text.person}
        value={value('personId')}
        options={[
          ['', text.anyPerson],
          ...(people.data ?? []).map(({ id, name }) => [id, name] as const),
        ]}
        onChange={(picked) => set({ personId: picked })}
      />
      <TextField
        label={text.from}
        type="date"
        value={value('from')}
        onInput={(day) => set({ from: day })}
      />
      <TextField
        label={text.to}
        type="date"
        value={value('to')}
        onInput={(day) => set({ to: day })}
      />
      {Object.keys(chosen).length > 0 && (
        <button class="quiet" type="button" onClick={() => goTo(hrefOf('decisions'), true)}>
          {text.clear}
        </button>
      )}
    </form>
  )
}

/** Every decision, newest first, with filters that the address keeps. */
export function DecisionsPage() {
  const filter = useFilter()
  const asked = toApi(filter.chosen)
  const [earlier, setEarlier] = useState<readonly Decision[]>([])
  const [cursor, setCursor] = useState<string | null>(null)
  const action = useAction()
  const { decisions: text, common } = words.value
  const { data, error, reload } = useLoad(async (signal) => {
    const page = await decisions.list(asked, { limit: PAGE }, signal)
    setEarlier([])
    setCursor(page.nextCursor)
    return page.items
  }, JSON.stringify(filter.chosen))
  const known = new Set(data?.map(({ id }) => id))
  const fresh = door.decisions.value.filter(({ id }) => data !== undefined && !known.has(id))
  const filtered = Object.keys(filter.chosen).length > 0
  const shown = [...(filtered ? [] : fresh), ...(data ?? []), ...earlier]
  return (
    <Panel
      title={text.list}
      actions={
        <span class="exports" role="group" aria-label={text.exports}>
          {(['csv', 'ndjson'] as const).map((kind) => (
            <a key={kind} class="button" href={decisions.exportHref(kind, asked)} download>
              <Icon name="export" />
              {kind === 'csv' ? text.exportCsv : text.exportNdjson}
            </a>
          ))}
        </span>
      }
    >
      <Filters {...filter} />
      {filtered && fresh.length > 0 && (
        <button class="quiet" type="button" onClick={() => void reload()}>
          {text.fresh(fresh.length)}
        </button>
      )}
      <Problem error={error ?? action.error} />
      {data === undefined && error === undefined && <Waiting />}
      {data !== undefined && shown.length === 0 && <Empty icon="decisions">{text.none}</Empty>}
      {shown.length > 0 && <p class="legend soft">{text.legend}</p>}
      <ol class="rows" id="decisions">
        {shown.map((decision) => (
          <DecisionRow key={decision.id} decision={decision} />
        ))}
      </ol>
      {cursor !== null && (
        <button
          class="more"
          type="button"
          disabled={action.busy}
          onClick={() =>
            void action.run(async () => {
              const page = await decisions.list(asked, { cursor, limit: PAGE })
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
