import { useState } from 'preact/hooks'

import { ConfirmDialog } from '../parts/dialog.js'
import { TextField } from '../parts/field.js'
import { Icon } from '../parts/icon.js'
import { OpenDoorDialog } from '../parts/open-door.js'
import { Done, Panel, Problem, Waiting } from '../parts/panel.js'
import { doors } from '../resources.js'
import type { DoorRecord } from '../resources.js'
import { door, isAdmin } from '../session.js'
import { useLoad } from '../use-load.js'
import { words } from '../words.js'
import { Schedules } from './schedules.js'

const isLocked = ({ lockdown }: DoorRecord) => lockdown !== null

const stateOf = (record: DoorRecord) => (isLocked(record) ? 'lockdown' : record.state)

function LockdownDialog(props: {
  readonly record: DoorRecord
  readonly onDone: () => void
  readonly onClose: () => void
}) {
  const [reason, setReason] = useState('')
  const { doors: text, common } = words.value
  const on = !isLocked(props.record)
  return (
    <ConfirmDialog
      title={on ? text.lockdownTitle : text.lockdownEndTitle}
      text={on ? text.lockdownText : text.lockdownEndText}
      confirm={on ? text.lockdownStart : text.lockdownEnd}
      disabled={reason.trim() === ''}
      onConfirm={async () => {
        await doors.lockdown(props.record.id, on, reason.trim())
        props.onDone()
      }}
      onClose={props.onClose}
    >
      <TextField
        label={common.reason}
        value={reason}
        onInput={setReason}
        maxLength={200}
        required
      />
    </ConfirmDialog>
  )
}

function DoorPanel({ record, onChanged }: { record: DoorRecord; onChanged: () => void }) {
  const [asking, setAsking] = useState<'open' | 'lockdown' | undefined>(undefined)
  const [opened, setOpened] = useState(false)
  const { doors: text } = words.value
  const state = stateOf(record)
  const icons = {
    closed: 'door-shut',
    open: 'door-open',
    lockdown: 'lock',
    unknown: 'warning',
  } as const
  return (
    <Panel title={record.name} class="door-panel">
      <div class="door-state" data-state={state}>
        <Icon name={icons[state]} />
        <div>
          <strong>{text.states[state]}</strong>
          <span>{text.stateNotes[state]}</span>
        </div>
      </div>
      {isAdmin.value && (
        <div class="row-buttons start">
          <button
            class="primary"
            type="button"
            disabled={state === 'lockdown'}
            onClick={() => setAsking('open')}
          >
            <Icon name="door-open" />
            {text.openNow}
          </button>
          <button class="danger" type="button" onClick={() => setAsking('lockdown')}>
            <Icon name="lock" />
            {state === 'lockdown' ? text.lockdownEnd : text.lockdownStart}
          </button>
        </div>
      )}
      <Done text={opened ? text.opened : ''} />
      {asking === 'open' && (
        <OpenDoorDialog
          onClose={() => setAsking(undefined)}
          onDone={() => {
            setOpened(true)
            onChanged()
          }}
        />
      )}
      {asking === 'lockdown' && (
        <LockdownDialog record={record} onDone={onChanged} onClose={() => setAsking(undefined)} />
      )}
    </Panel>
  )
}

/** The door's state, its buttons, and when whom it lets in. */
export function DoorsPage() {
  const { data, error, reload } = useLoad(
    (signal) => doors.list(signal),
    door.latest.value?.decision.id,
  )
  return (
    <>
      <Problem error={error} />
      {data === undefined && error === undefined && <Waiting />}
      {data?.map((record) => (
        <DoorPanel key={record.id} record={record} onChanged={() => void reload()} />
      ))}
      <Schedules />
    </>
  )
}
