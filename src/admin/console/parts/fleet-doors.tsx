import { useState } from 'preact/hooks'

import { formatCount, formatWhen } from '../format.js'
import { sentence } from '../problem-text.js'
import { fleet } from '../resources.js'
import type { Fleet, FleetDoor } from '../resources.js'
import { isAdmin } from '../session.js'
import { useLoad } from '../use-load.js'
import { words } from '../words.js'
import { admitsText, admittedBy, AdmitsDialog } from './fleet-admits.js'
import { IconButton, Notice, Panel, Problem } from './panel.js'

/** What doors of one fleet should have in common, where they differ: the newest roll-out is under way. */
function kinds(doors: readonly FleetDoor[], read: (door: FleetDoor) => string | null): number {
  return new Set(doors.map(read).filter((value) => value !== null)).size
}

const encoderOf = ({ models }: FleetDoor) => models['encoder'] ?? null

function Admits({ door, onChanged }: { readonly door: FleetDoor; readonly onChanged: () => void }) {
  const [asking, setAsking] = useState(false)
  const { fleet: text } = words.value
  const now = admittedBy(door)
  const isKnown = door.version !== null
  const told = door.rule === null ? undefined : admitsText(door.rule.groups)
  return (
    <>
      {isKnown && admitsText(now)}
      {told !== undefined && (!isKnown || told !== admitsText(now)) && (
        <span class="soft small"> {text.toldTo(told)}</span>
      )}
      {isAdmin.value && door.standing === 'member' && (
        <IconButton
          icon="edit"
          label={text.changeAdmits(door.name)}
          onClick={() => setAsking(true)}
        />
      )}
      {asking && <AdmitsDialog door={door} onDone={onChanged} onClose={() => setAsking(false)} />}
    </>
  )
}

interface DoorRowProps {
  readonly door: FleetDoor
  readonly ahead: number
  readonly onChanged: () => void
}

function DoorRow({ door, ahead, onChanged }: DoorRowProps) {
  const { fleet: text } = words.value
  const behind = door.sequence === null ? 0 : ahead - door.sequence
  const standing = door.standing === 'member' ? (door.health ?? 'silent') : door.standing
  return (
    <tr>
      <td>
        {door.name}
        {door.isThis && <span class="soft small"> {text.thisOne}</span>}
      </td>
      <td data-label={text.standing}>
        {text.standings[standing]}
        {standing === 'degraded' && door.cause !== null && (
          <span class="soft small" lang="en">
            {' '}
            {sentence(door.cause)}
          </span>
        )}
      </td>
      <td data-label={text.seen}>{door.seenAt === null ? text.never : formatWhen(door.seenAt)}</td>
      <td data-label={text.admits}>
        <Admits door={door} onChanged={onChanged} />
      </td>
      <td data-label={text.versions}>
        <code class="soft">
          {[door.version, encoderOf(door), door.calibration].filter(Boolean).join(' · ')}
        </code>
      </td>
      <td class="num" data-label={text.behind}>
        {formatCount(Math.max(0, behind))} / {formatCount(door.pending ?? 0)}
      </td>
    </tr>
  )
}

function Doors(props: { readonly doors: readonly FleetDoor[]; readonly onChanged: () => void }) {
  const { doors, onChanged } = props
  const { fleet: text } = words.value
  const standing = doors.filter((door) => door.standing === 'member')
  const ahead = Math.max(0, ...standing.map((door) => door.sequence ?? 0))
  const differ = [
    kinds(standing, (door) => door.version) > 1,
    kinds(standing, encoderOf) > 1,
    kinds(standing, (door) => door.calibration) > 1,
  ]
  return (
    <>
      {differ.includes(true) && <Notice tone="bad">{text.differ}</Notice>}
      <div class="table-wrap cards" tabIndex={0} role="region" aria-label={text.title}>
        <table>
          <thead>
            <tr>
              <th scope="col">{text.door}</th>
              <th scope="col">{text.standing}</th>
              <th scope="col">{text.seen}</th>
              <th scope="col">{text.admits}</th>
              <th scope="col">{text.versions}</th>
              <th scope="col">{text.behind}</th>
            </tr>
          </thead>
          <tbody>
            {doors.map((door) => (
              <DoorRow key={door.kiosk} door={door} ahead={ahead} onChanged={onChanged} />
            ))}
          </tbody>
        </table>
      </div>
    </>
  )
}

function View({ data, onChanged }: { readonly data: Fleet; readonly onChanged: () => void }) {
  const { fleet: text } = words.value
  return (
    <Panel title={text.title} note={text.note}>
      {data.trouble !== null && (
        <Notice tone="bad">
          <span lang="en">
            {sentence(data.trouble.cause)} {sentence(data.trouble.cure)}
          </span>
        </Notice>
      )}
      {data.duplicates.map(({ personId, otherId }) => (
        <Notice key={personId + otherId} tone="bad">
          {text.duplicate} <a href={`#/people/${personId}`}>{personId}</a>{' '}
          <a href={`#/people/${otherId}`}>{otherId}</a>
        </Notice>
      ))}
      {data.rollout !== null && (
        <Notice tone="warn">
          {text.rollout(
            data.rollout.to,
            formatCount(data.rollout.reached),
            formatCount(data.rollout.stages + 1),
          )}
          {data.rollout.hindrances.map((what) => (
            <span key={what} class="soft small" lang="en">
              {' '}
              {sentence(what)}
            </span>
          ))}
        </Notice>
      )}
      {data.doors !== null && <Doors doors={data.doors} onChanged={onChanged} />}
    </Panel>
  )
}

/** The other doors of the fleet; nothing for a door of its own. */
export function FleetDoors() {
  const { data, error, reload } = useLoad((signal) => fleet.get(signal))
  if (error !== undefined) return <Problem error={error} />
  return data === undefined || data.state === 'alone' ? null : (
    <View data={data} onChanged={() => void reload()} />
  )
}
