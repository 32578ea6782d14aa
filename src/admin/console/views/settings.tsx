import { useState } from 'preact/hooks'

import { ConfirmDialog } from '../parts/dialog.js'
import { CheckField, SelectField, TextField } from '../parts/field.js'
import { Done, Notice, Panel, Problem } from '../parts/panel.js'
import { backups, settings } from '../resources.js'
import type { Settings, SettingsStanding } from '../resources.js'
import { isAdmin } from '../session.js'
import { useAction, useLoad } from '../use-load.js'
import { LANGUAGES, LANGUAGE_NAMES, words } from '../words.js'

function SettingsForm(props: {
  readonly standing: SettingsStanding
  readonly onSaved: (standing: SettingsStanding) => void
}) {
  const { values: now, etag, set, awaitingRestart } = props.standing
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
        {number('askAfterMs', text.askAfterMs, 100, text.askAfterNote)}
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
        <CheckField
          label={text.kioskSound}
          checked={('kioskSound' in changed ? changed['kioskSound'] : now['kioskSound']) === true}
          onChange={(is) => change('kioskSound', is)}
        />
        {number('decisionsDays', text.retentionDays, 1, text.forEver)}
        {number('picturesDays', text.pictureDays, 1, text.pictureDaysNote)}
      </fieldset>
      <Problem error={error} />
      <Done text={done ? common.saved : ''} />
      {awaitingRestart.length > 0 && <Notice>{text.awaitingRestart}</Notice>}
      {isAdmin.value && (
        <div class="row-buttons">
          {set.length > 0 && (
            <button
              type="button"
              class="quiet"
              disabled={busy}
              onClick={() =>
                void run(async () => {
                  let standing = props.standing
                  for (const name of set) standing = await settings.reset(name, standing.etag)
                  setChanged({})
                  props.onSaved(standing)
                })
              }
            >
              {text.resetSettings}
            </button>
          )}
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

/** What may be set while genkan runs. */
export function SettingsPanel() {
  const { data, error, set } = useLoad(settings.get)
  const { system: text } = words.value
  return (
    <Panel title={text.settings} note={text.settingsNote}>
      <Problem error={error} />
      {data !== undefined && <SettingsForm standing={data} onSaved={set} />}
    </Panel>
  )
}

/** What is beyond its time: looked at, or removed. */
export function RetentionPanel() {
  const [said, setSaid] = useState('')
  const [purging, setPurging] = useState(false)
  const { busy, error, run } = useAction()
  const { system: text } = words.value
  return (
    <Panel title={text.retention} note={text.retentionNote}>
      <div class="row-buttons start">
        <button
          type="button"
          disabled={busy}
          onClick={() =>
            void run(async () => {
              const { persons, decisions, pictures } = await backups.purge(true)
              setSaid(text.purgeWould(persons, decisions, pictures))
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
            const { persons, decisions, pictures } = await backups.purge(false)
            setSaid(text.purged(persons, decisions, pictures))
          }}
          onClose={() => setPurging(false)}
        />
      )}
    </Panel>
  )
}
