import { useState } from 'preact/hooks'

import { doors } from '../resources.js'
import { door } from '../session.js'
import { words } from '../words.js'
import { ConfirmDialog } from './dialog.js'
import { TextField } from './field.js'

/** Asks for the reason, then opens the door once. */
export function OpenDoorDialog(props: {
  readonly onClose: () => void
  readonly onDone?: () => void
}) {
  const [reason, setReason] = useState('')
  const text = words.value.doors
  return (
    <ConfirmDialog
      title={text.openTitle}
      text={text.openText}
      confirm={text.openNow}
      disabled={reason.trim() === ''}
      onConfirm={async () => {
        await doors.open(door.health.value?.door ?? '', reason.trim())
        props.onDone?.()
      }}
      onClose={props.onClose}
    >
      <TextField
        label={text.openReason}
        value={reason}
        onInput={setReason}
        maxLength={200}
        required
      />
    </ConfirmDialog>
  )
}
