import { useState } from 'preact/hooks'

import { fleet, groups as groupsResource } from '../resources.js'
import type { FleetDoor } from '../resources.js'
import { useAction, useLoad } from '../use-load.js'
import { words } from '../words.js'
import { Dialog } from './dialog.js'
import { CheckField } from './field.js'
import { Notice, Problem } from './panel.js'

/** Whom a door shall admit, in words. */
export function admitsText(groups: readonly string[] | null): string {
  const { fleet: text } = words.value
  if (groups === null) return text.everybody
  return groups.length === 0 ? text.nobody : groups.join(', ')
}

/** What a door says of itself: without groups it admits everybody, or says that it admits nobody. */
export const admittedBy = ({ groups, admitsNobody }: FleetDoor): readonly string[] | null =>
  groups.length === 0 && !admitsNobody ? null : groups

/** Asks which groups a door shall admit. */
export function AdmitsDialog(props: {
  readonly door: FleetDoor
  readonly onDone: () => void
  readonly onClose: () => void
}) {
  const { door, onDone, onClose } = props
  const { fleet: text, common } = words.value
  const now = door.rule === null ? admittedBy(door) : door.rule.groups
  const [everybody, setEverybody] = useState(now === null)
  const [chosen, setChosen] = useState<readonly string[]>(now ?? [])
  const known = useLoad((signal) => groupsResource.list(signal))
  const { busy, error, run } = useAction()
  /** Unknown until the groups are: a door must not be closed because they could not be asked for. */
  const admits = everybody
    ? null
    : known.data?.flatMap(({ id }) => (chosen.includes(id) ? [id] : []))
  return (
    <Dialog title={text.changeAdmits(door.name)} onClose={onClose}>
      <p>{text.admitsText}</p>
      <CheckField label={text.everybody} checked={everybody} onChange={setEverybody} />
      {!everybody &&
        known.data?.map(({ id, name }) => (
          <CheckField
            key={id}
            label={name}
            checked={chosen.includes(id)}
            onChange={(checked) =>
              setChosen(checked ? [...chosen, id] : chosen.filter((one) => one !== id))
            }
          />
        ))}
      {admits?.length === 0 && <Notice tone="bad">{text.admitsNobody}</Notice>}
      <Problem error={error ?? known.error} />
      <div class="dialog-buttons">
        <button type="button" onClick={onClose}>
          {common.cancel}
        </button>
        <button
          class="primary"
          type="button"
          disabled={busy || admits === undefined}
          onClick={() => {
            if (admits === undefined) return
            void run(() => fleet.setAdmits(door.kiosk, admits)).then((done) => {
              if (!done) return
              onDone()
              onClose()
            })
          }}
        >
          {common.save}
        </button>
      </div>
    </Dialog>
  )
}
