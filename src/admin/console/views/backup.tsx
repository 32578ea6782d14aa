import { useState } from 'preact/hooks'

import { ConfirmDialog } from '../parts/dialog.js'
import { TextField } from '../parts/field.js'
import { Icon } from '../parts/icon.js'
import { Done, Notice, Panel, Problem } from '../parts/panel.js'
import { backups } from '../resources.js'
import type { BackupReport } from '../resources.js'
import { useAction, useLoad } from '../use-load.js'
import { words } from '../words.js'

/** Hands a file of the API to the browser's downloads. */
async function download(response: Response, fallbackName: string): Promise<void> {
  const named = /filename="?([^";]+)/.exec(response.headers.get('Content-Disposition') ?? '')?.[1]
  const url = URL.createObjectURL(await response.blob())
  const link = document.createElement('a')
  link.href = url
  link.download = named ?? fallbackName
  link.click()
  URL.revokeObjectURL(url)
}

/** A backup made, examined, or laid ready to be restored. */
export function BackupPanel() {
  const [passphrase, setPassphrase] = useState('')
  const [file, setFile] = useState<File | undefined>(undefined)
  const [restoring, setRestoring] = useState(false)
  const [done, setDone] = useState('')
  const { busy, error, run } = useAction()
  const waits = useLoad(async (signal) => (await backups.waiting(signal)).waits)
  const { system: text } = words.value
  const act = (work: () => Promise<unknown>) => {
    setDone('')
    void run(work)
  }
  return (
    <Panel title={text.backup} note={text.backupNote}>
      <div class="stack">
        <TextField
          label={text.passphrase}
          hint={text.passphraseNote}
          type="password"
          value={passphrase}
          onInput={setPassphrase}
        />
        <div class="row-buttons start">
          <button
            type="button"
            disabled={busy}
            onClick={() =>
              act(async () => download(await backups.make(passphrase), 'genkan.backup'))
            }
          >
            <Icon name="export" />
            {text.makeBackup}
          </button>
        </div>
        <div class="file-field">
          <label class="button">
            <input
              class="unseen"
              type="file"
              onChange={(event) => setFile(event.currentTarget.files?.[0])}
            />
            <Icon name="picture" />
            {text.backupFile}
          </label>
          <span class="soft small">{file?.name ?? text.noFile}</span>
        </div>
        <div class="row-buttons start">
          <button
            type="button"
            disabled={busy || file === undefined}
            onClick={() => {
              if (file === undefined) return
              act(async () => {
                const answer = await backups.send('/api/backups/verify', file, passphrase)
                const { persons, templates, decisions } = (await answer.json()) as BackupReport
                setDone(text.verified(persons, templates, decisions))
              })
            }}
          >
            {text.verifyBackup}
          </button>
          <button
            class="danger"
            type="button"
            disabled={busy || file === undefined}
            onClick={() => setRestoring(true)}
          >
            <Icon name="restore" />
            {text.restore}
          </button>
        </div>
        <Problem error={error} />
        <Done text={done} />
        {waits.data === true && <Notice>{text.restored}</Notice>}
      </div>
      {restoring && file !== undefined && (
        <ConfirmDialog
          title={text.restore}
          text={text.restoreText}
          confirm={text.restore}
          onConfirm={async () => {
            await backups.send('/api/restore', file, passphrase)
            setDone('')
            await waits.reload()
          }}
          onClose={() => setRestoring(false)}
        />
      )}
    </Panel>
  )
}
