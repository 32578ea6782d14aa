import { formatCount, formatWhen } from '../format.js'
import { sentence } from '../problem-text.js'
import { fleet } from '../resources.js'
import type { Fleet, FleetDoor } from '../resources.js'
import { useLoad } from '../use-load.js'
import { words } from '../words.js'
import { Notice, Panel, Problem } from './panel.js'

/** What doors of one fleet should have in common, where they differ: the newest roll-out is under way. */
function kinds(doors: readonly FleetDoor[], read: (door: FleetDoor) => string | null): number {
  return new Set(doors.map(read).filter((value) => value !== null)).size
}

const encoderOf = ({ models }: FleetDoor) => models['encoder'] ?? null

function DoorRow({ door, ahead }: { readonly door: FleetDoor; readonly ahead: number }) {
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
        {door.groups.length === 0 && door.version !== null && text.everybody}
        {door.groups.join(', ')}
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

function Doors({ doors }: { readonly doors: readonly FleetDoor[] }) {
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
              <DoorRow key={door.kiosk} door={door} ahead={ahead} />
            ))}
          </tbody>
        </table>
      </div>
    </>
  )
}

function View({ data }: { readonly data: Fleet }) {
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
      {data.doors !== null && <Doors doors={data.doors} />}
    </Panel>
  )
}

/** The other doors of the fleet; nothing for a door of its own. */
export function FleetDoors() {
  const { data, error } = useLoad((signal) => fleet.get(signal))
  if (error !== undefined) return <Problem error={error} />
  return data === undefined || data.state === 'alone' ? null : <View data={data} />
}
