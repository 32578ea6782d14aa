import { useEffect, useState } from 'preact/hooks'

import { ApiProblem } from '../api.js'
import { kioskDisplay } from '../style-resources.js'
import { useAction, useLoad } from '../use-load.js'
import { words } from '../words.js'
import { SelectField } from './field.js'
import { Icon } from './icon.js'
import { Done, Panel, Problem } from './panel.js'

const PLAIN = ''
const ACCEPTED = 'image/jpeg,image/png,image/webp'

/** The idle picture as an address, `undefined` when the display has none of its own. */
function useIdlePicture(key: unknown) {
  const loaded = useLoad(async (signal) => {
    try {
      return await kioskDisplay.idlePicture(signal)
    } catch (error) {
      if (error instanceof ApiProblem && error.status === 404) return null
      throw error
    }
  }, key)
  const [url, setUrl] = useState<string | undefined>(undefined)
  useEffect(() => {
    if (!(loaded.data instanceof Blob)) {
      setUrl(undefined)
      return undefined
    }
    const made = URL.createObjectURL(loaded.data)
    setUrl(made)
    return () => URL.revokeObjectURL(made)
  }, [loaded.data])
  return { url, error: loaded.error, reload: loaded.reload }
}

/** What the display at the door shows: its idle picture, and the style of its live one. */
export function StyleDisplay({ changes }: { readonly changes: number }) {
  const idle = useIdlePicture(changes)
  const live = useLoad(kioskDisplay.liveStyle)
  const [sent, setSent] = useState(false)
  const { error, busy, run } = useAction()
  const { styles: text } = words.value

  async function send(picture: File) {
    setSent(false)
    const done = await run(async () => {
      await kioskDisplay.setIdlePicture(picture)
      await idle.reload()
    })
    setSent(done)
  }

  return (
    <Panel title={text.display} note={text.displayNote}>
      <Problem error={error ?? idle.error ?? live.error} />
      <div class="see">
        {live.data !== undefined && (
          <SelectField
            label={text.liveStyle}
            hint={text.liveStyleNote}
            value={live.data.style ?? PLAIN}
            options={[
              [PLAIN, text.plain] as const,
              ...live.data.available.map((id) => [id, id] as const),
            ]}
            onChange={(style) =>
              void run(async () => {
                live.set(await kioskDisplay.setLiveStyle(style === PLAIN ? null : style))
              })
            }
          />
        )}
        <div class="stack">
          <h3>{text.idlePicture}</h3>
          {idle.url === undefined ? (
            <p class="soft">{text.noIdlePicture}</p>
          ) : (
            <img class="idle-now" src={idle.url} alt={text.idlePicture} />
          )}
          <div class="row-buttons start">
            <label class="button">
              <input
                class="unseen"
                type="file"
                accept={ACCEPTED}
                disabled={busy}
                onChange={(event) => {
                  const field = event.currentTarget
                  const picture = field.files?.[0]
                  if (picture === undefined) return
                  void send(picture)
                  // The same file may be chosen again.
                  field.value = ''
                }}
              />
              <Icon name="picture" />
              {text.chooseIdlePicture}
            </label>
            {idle.url !== undefined && (
              <button
                type="button"
                disabled={busy}
                onClick={() =>
                  void run(async () => {
                    setSent(false)
                    await kioskDisplay.removeIdlePicture()
                    await idle.reload()
                  })
                }
              >
                <Icon name="remove" />
                {text.takeAway}
              </button>
            )}
          </div>
          <Done text={sent ? text.sent : ''} />
        </div>
      </div>
    </Panel>
  )
}
