import { useState } from 'preact/hooks'

import { ConfirmDialog } from '../parts/dialog.js'
import { TextField } from '../parts/field.js'
import { Icon } from '../parts/icon.js'
import { Done, IconButton, Panel, Problem } from '../parts/panel.js'
import { formatDay } from '../format.js'
import { groups } from '../resources.js'
import type { Schedule, WeeklyWindow } from '../resources.js'
import { isAdmin } from '../session.js'
import { useAction, useLoad } from '../use-load.js'
import { words } from '../words.js'

const WORKING_HOURS = { from: '08:00', to: '18:00' }

function Week(props: {
  readonly windows: readonly WeeklyWindow[]
  readonly onChange: (windows: readonly WeeklyWindow[]) => void
}) {
  const { doors: text } = words.value
  const { windows, onChange } = props
  const change = (window_: WeeklyWindow, part: Partial<WeeklyWindow>) =>
    onChange(windows.map((one) => (one === window_ ? { ...one, ...part } : one)))
  return (
    <ul class="week">
      {text.days.map((name, day) => {
        const ofDay = windows.filter((window_) => window_.day === day)
        return (
          <li key={day}>
            <span class="week-day">{name}</span>
            <div class="week-hours">
              {ofDay.length === 0 && <span class="soft">{text.closedAllDay}</span>}
              {ofDay.map((window_, index) => (
                <span class="hours" key={index}>
                  <input
                    type="time"
                    required
                    disabled={!isAdmin.value}
                    aria-label={`${name} ${text.begins}`}
                    value={window_.from}
                    onInput={(event) => change(window_, { from: event.currentTarget.value })}
                  />
                  –
                  <input
                    type="time"
                    required
                    disabled={!isAdmin.value}
                    aria-label={`${name} ${text.ends}`}
                    value={window_.to}
                    onInput={(event) => change(window_, { to: event.currentTarget.value })}
                  />
                  {isAdmin.value && (
                    <IconButton
                      icon="remove"
                      label={text.removeWindow(name, `${window_.from}–${window_.to}`)}
                      onClick={() => onChange(windows.filter((one) => one !== window_))}
                    />
                  )}
                </span>
              ))}
            </div>
            {isAdmin.value && (
              <IconButton
                icon="add"
                label={text.addWindow(name)}
                onClick={() => onChange([...windows, { day, ...WORKING_HOURS }])}
              />
            )}
          </li>
        )
      })}
    </ul>
  )
}

function Holidays(props: {
  readonly days: readonly string[]
  readonly onChange: (days: readonly string[]) => void
}) {
  const [day, setDay] = useState('')
  const { doors: text } = words.value
  return (
    <div class="stack">
      <h3>{text.holidays}</h3>
      <p class="soft small">{text.holidaysNote}</p>
      <ul class="tag-list">
        {props.days.map((one) => (
          <li key={one} class="tag">
            {formatDay(one)}
            {isAdmin.value && (
              <IconButton
                icon="remove"
                label={text.removeHoliday(formatDay(one))}
                onClick={() => props.onChange(props.days.filter((other) => other !== one))}
              />
            )}
          </li>
        ))}
      </ul>
      {isAdmin.value && (
        <div class="inline-form">
          <TextField label={text.addHoliday} type="date" value={day} onInput={setDay} />
          <button
            type="button"
            disabled={day === '' || props.days.includes(day)}
            onClick={() => {
              props.onChange([...props.days, day].sort())
              setDay('')
            }}
          >
            {words.value.common.add}
          </button>
        </div>
      )}
    </div>
  )
}

function GroupSchedule({
  id,
  name,
  onDeleted,
}: {
  readonly id: string
  readonly name: string
  readonly onDeleted: () => void
}) {
  const { data, error, reload, set } = useLoad((signal) => groups.schedule(id, signal), id)
  const [dirty, setDirty] = useState(false)
  const [done, setDone] = useState(false)
  const [deleting, setDeleting] = useState(false)
  const action = useAction()
  const { doors: text, common } = words.value
  const change = (schedule: Schedule) => {
    set(schedule)
    setDirty(true)
    setDone(false)
  }
  return (
    <details class="group">
      <summary>
        <span>{name}</span>
        {dirty && <span class="tag warn">{text.unsaved}</span>}
      </summary>
      <Problem error={error ?? action.error} />
      {data !== undefined && (
        <form
          class="stack"
          onSubmit={(event) => {
            event.preventDefault()
            void action
              .run(() => groups.setSchedule(id, data))
              .then((saved) => {
                setDone(saved)
                if (!saved) return
                setDirty(false)
                void reload()
              })
          }}
        >
          <Week windows={data.windows} onChange={(windows) => change({ ...data, windows })} />
          <Holidays days={data.holidays} onChange={(holidays) => change({ ...data, holidays })} />
          <Done text={done ? common.saved : ''} />
          {isAdmin.value && (
            <div class="row-buttons">
              <button class="danger" type="button" onClick={() => setDeleting(true)}>
                {common.delete}
              </button>
              <button class="primary" type="submit" disabled={!dirty || action.busy}>
                {common.save}
              </button>
            </div>
          )}
        </form>
      )}
      {deleting && (
        <ConfirmDialog
          title={text.deleteGroup(name)}
          text={text.deleteGroupText}
          confirm={common.delete}
          keep={common.keep}
          onConfirm={async () => {
            await groups.remove(id)
            onDeleted()
          }}
          onClose={() => setDeleting(false)}
        />
      )}
    </details>
  )
}

/** The access groups with their hours of the week and holidays. */
export function Schedules() {
  const [name, setName] = useState('')
  const { data, error, reload } = useLoad((signal) => groups.list(signal))
  const action = useAction()
  const { doors: text } = words.value
  return (
    <Panel title={text.schedules} note={text.schedulesNote}>
      <Problem error={error ?? action.error} />
      {data?.length === 0 && <p class="soft">{text.noGroups}</p>}
      {data?.map((group) => (
        <GroupSchedule
          key={group.id}
          id={group.id}
          name={group.name}
          onDeleted={() => void reload()}
        />
      ))}
      {isAdmin.value && error === undefined && (
        <form
          class="inline-form"
          onSubmit={(event) => {
            event.preventDefault()
            void action
              .run(() => groups.add(name.trim()))
              .then((added) => {
                if (!added) return
                setName('')
                void reload()
              })
          }}
        >
          <TextField label={text.newGroup} value={name} onInput={setName} maxLength={64} required />
          <button type="submit" disabled={action.busy || name.trim() === ''}>
            <Icon name="add" />
            {text.addGroup}
          </button>
        </form>
      )}
    </Panel>
  )
}
