import { useState } from 'preact/hooks'

import { formatAgo, formatDay } from '../format.js'
import { ConfirmDialog, Dialog } from '../parts/dialog.js'
import { SelectField, TextField } from '../parts/field.js'
import { Icon } from '../parts/icon.js'
import { IconButton, Panel, Problem, Waiting } from '../parts/panel.js'
import { tokens } from '../resources.js'
import type { TokenRecord } from '../resources.js'
import { session } from '../session.js'
import type { Role } from '../session.js'
import { useAction, useLoad } from '../use-load.js'
import { words } from '../words.js'

const ROLES = ['viewer', 'enroller', 'admin', 'kiosk'] as const

/** Text to take away, with a button that copies it. */
function Copyable({ label, text }: { readonly label: string; readonly text: string }) {
  const [copied, setCopied] = useState(false)
  const { common } = words.value
  return (
    <div class="copyable">
      <span class="copyable-label">{label}</span>
      <code>{text}</code>
      <button
        type="button"
        onClick={() => void navigator.clipboard.writeText(text).then(() => setCopied(true))}
      >
        {copied ? common.copied : common.copy}
      </button>
    </div>
  )
}

function NewToken({ onClose, onMade }: { onClose: () => void; onMade: () => void }) {
  const [name, setName] = useState('')
  const [role, setRole] = useState<Role>('viewer')
  const [made, setMade] = useState<string | undefined>(undefined)
  const { busy, error, run } = useAction()
  const { tokens: text, roles, roleNotes, common } = words.value
  if (made !== undefined) {
    return (
      <Dialog title={text.newTitle(name)} onClose={onClose} wide>
        <p>{text.shownOnce}</p>
        <Copyable label={text.name} text={made} />
        {role === 'kiosk' && (
          <Copyable label={text.kioskLink} text={`${location.origin}/kiosk#token=${made}`} />
        )}
        <div class="dialog-buttons">
          <button class="primary" type="button" onClick={onClose}>
            {common.close}
          </button>
        </div>
      </Dialog>
    )
  }
  return (
    <Dialog title={text.create} onClose={onClose}>
      <form
        class="stack"
        onSubmit={(event) => {
          event.preventDefault()
          void run(async () => {
            setMade((await tokens.create(name.trim(), role)).token)
            onMade()
          })
        }}
      >
        <TextField
          label={text.name}
          hint={text.nameNote}
          value={name}
          onInput={setName}
          maxLength={100}
          required
        />
        <SelectField
          label={text.role}
          hint={roleNotes[role]}
          value={role}
          options={ROLES.map((known) => [known, roles[known]] as const)}
          onChange={setRole}
        />
        <Problem error={error} />
        <div class="dialog-buttons">
          <button type="button" onClick={onClose}>
            {common.cancel}
          </button>
          <button class="primary" type="submit" disabled={busy || name.trim() === ''}>
            {text.create}
          </button>
        </div>
      </form>
    </Dialog>
  )
}

/** Who may use the API, by name and role. */
export function TokensPage() {
  const { data, error, reload } = useLoad((signal) => tokens.list(signal))
  const [creating, setCreating] = useState(false)
  const [revoking, setRevoking] = useState<TokenRecord | undefined>(undefined)
  const { tokens: text, roles } = words.value
  const mine = session.value.state === 'in' ? session.value.me.id : undefined
  return (
    <Panel
      title={text.list}
      note={text.note}
      actions={
        <button class="primary" type="button" onClick={() => setCreating(true)}>
          <Icon name="add" />
          {text.create}
        </button>
      }
    >
      <Problem error={error} />
      {data === undefined && error === undefined && <Waiting />}
      {data !== undefined && (
        <div
          class="table-wrap cards"
          tabIndex={0}
          role="region"
          aria-label={words.value.pages.tokens}
        >
          <table>
            <thead>
              <tr>
                <th scope="col">{text.name}</th>
                <th scope="col">{text.role}</th>
                <th scope="col">{text.created}</th>
                <th scope="col">{text.lastUsed}</th>
                <th scope="col">
                  <span class="unseen">{text.revoke}</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {data.map((token) => (
                <tr key={token.id}>
                  <th scope="row">
                    {token.name} {token.id === mine && <span class="tag">{text.you}</span>}
                  </th>
                  <td data-label={text.role}>{roles[token.role]}</td>
                  <td data-label={text.created}>{formatDay(token.createdAt)}</td>
                  <td data-label={text.lastUsed}>
                    {token.lastUsedAt === null ? text.never : formatAgo(token.lastUsedAt)}
                  </td>
                  <td class="end">
                    <IconButton
                      icon="remove"
                      label={`${text.revoke}: ${token.name}`}
                      onClick={() => setRevoking(token)}
                    />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {creating && <NewToken onClose={() => setCreating(false)} onMade={() => void reload()} />}
      {revoking !== undefined && (
        <ConfirmDialog
          title={text.revokeTitle(revoking.name)}
          text={text.revokeText}
          confirm={text.revoke}
          onConfirm={async () => {
            await tokens.revoke(revoking.id)
            void reload()
          }}
          onClose={() => setRevoking(undefined)}
        />
      )}
    </Panel>
  )
}
