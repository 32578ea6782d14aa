import { useState } from 'preact/hooks'

import { formatBytes, formatCount, formatMoment } from '../format.js'
import { BrowserChoices } from '../frame.js'
import { ConfirmDialog } from '../parts/dialog.js'
import { Field, SelectField, TextField } from '../parts/field.js'
import { Icon } from '../parts/icon.js'
import { Done, Panel, Problem } from '../parts/panel.js'
import { StatusNotices } from '../parts/status-notices.js'
import { backups, settings } from '../resources.js'
import type { Settings, SettingsStanding } from '../resources.js'
import { door, isAdmin } from '../session.js'
import { useAction, useLoad } from '../use-load.js'
import { LANGUAGES, LANGUAGE_NAMES, words } from '../words.js'

function HealthPanel() {
  const health = door.health.value
  const { system: text, status, common } = words.value
  if (health === undefined) return null
  const rate = health.camera.state.framesPerSecond
  const fact = (label: string, value: string) => (
    <div>
      <dt>{label}</dt>
      <dd>{value}</dd>
    </div>
  )
  const size = health.store?.bytes
  return (
    <Panel title={text.health} note={text.running(health.version)}>
      <p class="health-state" data-status={health.status}>
        <Icon name={health.status === 'ok' ? 'granted' : 'warning'} />
        {text.statuses[health.status]}
      </p>
      <dl class="facts">
        {fact(
          status.camera,
          `${status.states[health.camera.state.name]}, ${health.camera.description}`,
        )}
        {fact(
          status.broker,
          `${status.states[health.broker.state.name]}, ${health.broker.description}`,
        )}
        {fact(text.fps, rate === undefined ? common.unknown : rate.toFixed(1))}
        {fact(
          text.temperature,
          typeof health.temperatureC !== 'number'
            ? common.unknown
            : `${health.temperatureC.toFixed(1)} °C`,
        )}
        {fact(text.started, formatMoment(health.startedAt))}
        {fact(status.people, formatCount(health.gallery.persons))}
        {fact(text.templates, formatCount(health.gallery.templates))}
        {size !== undefined && fact(text.storeSize, formatBytes(size))}
      </dl>
      <h3>{text.models}</h3>
      <dl class="facts">
        {Object.entries(health.models).map(([role, id]) => (
          <div key={role}>
            <dt lang="en">{role}</dt>
            <dd>
              <code>{id}</code>
            </dd>
          </div>
        ))}
      </dl>
      {health.stages !== undefined && Object.keys(health.stages).length > 0 && (
        <>
          <h3>{text.stages}</h3>
          <p class="soft small">{text.stagesNote}</p>
          <div class="table-wrap">
            <table>
              <thead>
                <tr>
                  <th scope="col">{text.stage}</th>
                  <th scope="col">{text.median}</th>
                  <th scope="col">{text.p95}</th>
                </tr>
              </thead>
              <tbody>
                {Object.entries(health.stages).map(([name, { p50Ms, p95Ms }]) => (
                  <tr key={name}>
                    <th scope="row" lang="en">
                      {name}
                    </th>
                    <td class="num">{p50Ms.toFixed(1)} ms</td>
                    <td class="num">{p95Ms.toFixed(1)} ms</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        </>
      )}
    </Panel>
  )
}

function SettingsForm(props: {
  readonly standing: SettingsStanding
  readonly onSaved: (standing: SettingsStanding) => void
}) {
  const { values: now, etag } = props.standing
  const [changed, setChanged] = useState<Settings>({})
  const [done, setDone] = useState(false)
  const { busy, error, run } = useAction()
  const { system: text, common } = words.value
  const value = (name: string) => {
    const held = name in changed ? changed[name] : now[name]
    return typeof held === 'string' || typeof held === 'number' ? String(held) : ''
  }
  const change = (name: string, to: unknown) => {
    setDone(false)
    setChanged({ ...changed, [name]: to })
  }
  const number = (name: string, label: string, step: number | 'any' = 1, hint?: string) =>
    name in now && (
      <TextField
        label={label}
        type="number"
        step={step}
        value={value(name)}
        {...(hint === undefined ? {} : { hint })}
        onInput={(typed) => change(name, typed === '' ? null : Number(typed))}
      />
    )
  return (
    <form
      class="stack"
      onSubmit={(event) => {
        event.preventDefault()
        void run(async () => props.onSaved(await settings.change(changed, etag))).then((saved) => {
          setDone(saved)
          if (saved) setChanged({})
        })
      }}
    >
      <fieldset class="stack" disabled={!isAdmin.value}>
        {number('askAfterMs', text.askAfterMs, 100)}
        {number('targetFpir', text.targetFpir, 'any', text.targetFpirNote)}
        {'nameOnKiosk' in now && (
          <SelectField
            label={text.nameOnKiosk}
            value={value('nameOnKiosk')}
            options={Object.entries(text.namesOnKiosk)}
            onChange={(picked) => change('nameOnKiosk', picked)}
          />
        )}
        {'kioskLanguage' in now && (
          <SelectField
            label={text.kioskLanguage}
            value={value('kioskLanguage')}
            options={LANGUAGES.map((known) => [known as string, LANGUAGE_NAMES[known]] as const)}
            onChange={(picked) => change('kioskLanguage', picked)}
          />
        )}
        {number('decisionsDays', text.retentionDays)}
      </fieldset>
      <Problem error={error} />
      <Done text={done ? common.saved : ''} />
      {isAdmin.value && (
        <div class="row-buttons">
          <button
            class="primary"
            type="submit"
            disabled={busy || Object.keys(changed).length === 0}
          >
            {common.save}
          </button>
        </div>
      )}
    </form>
  )
}

function SettingsPanel() {
  const { data, error, set } = useLoad(settings.get)
  const { system: text } = words.value
  return (
    <Panel title={text.settings} note={text.settingsNote}>
      <Problem error={error} />
      {data !== undefined && <SettingsForm standing={data} onSaved={set} />}
    </Panel>
  )
}

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

function BackupPanel() {
  const [passphrase, setPassphrase] = useState('')
  const [file, setFile] = useState<File | undefined>(undefined)
  const [restoring, setRestoring] = useState(false)
  const [done, setDone] = useState('')
  const { busy, error, run } = useAction()
  const { system: text } = words.value
  const act = (work: () => Promise<unknown>, said: string) => {
    setDone('')
    void run(work).then((fine) => setDone(fine ? said : ''))
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
              act(async () => download(await backups.make(passphrase), 'genkan.backup'), '')
            }
          >
            <Icon name="export" />
            {text.makeBackup}
          </button>
        </div>
        <Field label={text.backupFile}>
          {({ id }) => (
            <input
              id={id}
              type="file"
              onChange={(event) => setFile(event.currentTarget.files?.[0])}
            />
          )}
        </Field>
        <div class="row-buttons start">
          <button
            type="button"
            disabled={busy || file === undefined}
            onClick={() => {
              if (file === undefined) return
              act(() => backups.send('/api/backups/verify', file, passphrase), text.verified)
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
      </div>
      {restoring && file !== undefined && (
        <ConfirmDialog
          title={text.restore}
          text={text.restoreText}
          confirm={text.restore}
          onConfirm={async () => {
            await backups.send('/api/restore', file, passphrase)
            setDone(text.restored)
          }}
          onClose={() => setRestoring(false)}
        />
      )}
    </Panel>
  )
}

function RetentionPanel() {
  const [said, setSaid] = useState('')
  const [purging, setPurging] = useState(false)
  const { busy, error, run } = useAction()
  const { system: text } = words.value
  return (
    <Panel title={text.retention}>
      <div class="row-buttons start">
        <button
          type="button"
          disabled={busy}
          onClick={() =>
            void run(async () => {
              const { persons, decisions } = await backups.purge(true)
              setSaid(text.purgeWould(persons, decisions))
            })
          }
        >
          {text.purgeDryRun}
        </button>
        <button class="danger" type="button" onClick={() => setPurging(true)}>
          {text.purge}
        </button>
      </div>
      <Problem error={error} />
      <Done text={said} />
      {purging && (
        <ConfirmDialog
          title={text.purge}
          text={text.purgeText}
          confirm={text.purge}
          onConfirm={async () => {
            await backups.purge(false)
            setSaid(text.purged)
          }}
          onClose={() => setPurging(false)}
        />
      )}
    </Panel>
  )
}

/** How genkan itself is, and what may be set while it runs. */
export function SystemPage() {
  const { system: text } = words.value
  return (
    <>
      <StatusNotices />
      <div class="columns">
        <div class="column">
          <HealthPanel />
          <Panel title={text.appearance}>
            <BrowserChoices />
          </Panel>
          <Panel title={text.kiosk}>
            <a class="button" href="/kiosk">
              {text.openKiosk}
            </a>
          </Panel>
        </div>
        {isAdmin.value && (
          <div class="column">
            <SettingsPanel />
            <RetentionPanel />
            <BackupPanel />
          </div>
        )}
      </div>
    </>
  )
}
