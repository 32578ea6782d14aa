import { useState } from 'preact/hooks'

import { formatWhen } from '../format.js'
import { ConfirmDialog } from '../parts/dialog.js'
import { TextField } from '../parts/field.js'
import { FleetDoors } from '../parts/fleet-doors.js'
import { Icon } from '../parts/icon.js'
import { OpenDoorDialog } from '../parts/open-door.js'
import { Done, Notice, Panel, Problem, Waiting } from '../parts/panel.js'
import { sentence } from '../problem-text.js'
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

/** When the door was last told to open, why, and what became of it. */
function LastOpening({ last }: { readonly last: DoorRecord['lastActuation'] }) {
  const { doors: text } = words.value
  if (last === null) return <>{text.noOpening}</>
  const { cause, result, at } = last
  return (
    <>
      {formatWhen(at)}, {cause.kind === 'grant' ? text.byGrant : cause.reason}
      <span class="soft small" lang={result.outcome === 'opened' ? undefined : 'en'}>
        {' '}
        {result.outcome === 'opened'
          ? text.wasOpened(Math.round(result.tookMs))
          : sentence(result.outcome === 'refused' ? result.detail : result.cause)}
      </span>
    </>
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
    unknown: 'door-shut',
  } as const
  const opensItself = record.actuator !== 'none'
  return (
    <Panel title={record.name} class="door-panel">
      <div class="door-state" data-state={state}>
        <Icon name={icons[state]} />
        <div>
          <strong>{text.states[state]}</strong>
          <span>{text.stateNotes[state]}</span>
          {record.lockdown !== null && (
            <span class="soft">
              {text.lockdownSince(formatWhen(record.lockdown.since), record.lockdown.reason)}
            </span>
          )}
        </div>
      </div>
      {record.alarms.map((alarm) => (
        <Notice key={alarm} tone="bad">
          {text.alarms[alarm]}
        </Notice>
      ))}
      <dl class="facts">
        <div>
          <dt>{text.actuator}</dt>
          <dd>{text.actuators[record.actuator]}</dd>
        </div>
        <div>
          <dt>{text.contact}</dt>
          <dd>{text.contacts[record.state]}</dd>
        </div>
        <div>
          <dt>{text.lastOpening}</dt>
          <dd>
            <LastOpening last={record.lastActuation} />
          </dd>
        </div>
      </dl>
      {isAdmin.value && (
        <div class="row-buttons start">
          <button
            class="primary"
            type="button"
            disabled={state === 'lockdown' || !opensItself}
            onClick={() => setAsking('open')}
          >
            <Icon name="door-open" />
            {text.openNow}
          </button>
          <button class="danger" type="button" onClick={() => setAsking('lockdown')}>
            <Icon name="lock" />
            {state === 'lockdown' ? text.lockdownEnd : text.lockdownStart}
          </button>
          {!opensItself && <span class="soft small">{text.noActuator}</span>}
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
      <FleetDoors />
      <Schedules />
    </>
  )
}
