import { useEffect, useState } from 'preact/hooks'

import { styleLibrary } from '../style-resources.js'
import { useAction, useLoad } from '../use-load.js'
import { words } from '../words.js'
import { SelectField, TextField } from './field.js'
import { Icon } from './icon.js'
import { Panel, Problem, Waiting } from './panel.js'

/** For a layer and a unit, the nine patches that excite it most. */
export function StyleSee() {
  const networks = useLoad((signal) => styleLibrary.networks(signal))
  const [network, setNetwork] = useState('')
  const [layer, setLayer] = useState('')
  const [unit, setUnit] = useState('0')
  const [pictures, setPictures] = useState<readonly File[]>([])
  const [sheet, setSheet] = useState('')
  const { busy, error, run } = useAction()
  const { styles: text, system } = words.value
  useEffect(() => () => URL.revokeObjectURL(sheet), [sheet])

  const chosen = networks.data?.find((one) => one.id === network) ?? networks.data?.[0]
  const chosenLayer = chosen?.layers.find(({ name }) => name === layer) ?? chosen?.layers[0]
  const last = (chosenLayer?.units ?? 1) - 1
  const number = Math.min(last, Math.max(0, Math.floor(Number(unit))))

  return (
    <Panel title={text.see} note={text.seeNote}>
      <Problem error={networks.error} />
      {networks.data === undefined && networks.error === undefined && <Waiting />}
      {chosen !== undefined && chosenLayer !== undefined && (
        <form
          class="see"
          onSubmit={(event) => {
            event.preventDefault()
            const asked = { network: chosen.id, layer: chosenLayer.name, unit: number }
            void run(async () => {
              setSheet(URL.createObjectURL(await styleLibrary.see(asked, pictures)))
            })
          }}
        >
          <div class="stack">
            <SelectField
              label={text.network}
              value={chosen.id}
              options={(networks.data ?? []).map((one) => [one.id, one.id] as const)}
              onChange={setNetwork}
            />
            <SelectField
              label={text.layer}
              value={chosenLayer.name}
              options={chosen.layers.map(({ name }) => [name, name] as const)}
              onChange={setLayer}
            />
            <TextField
              label={text.unit}
              hint={text.unitOf(String(last))}
              type="number"
              min={0}
              max={last}
              step={1}
              value={unit}
              onInput={setUnit}
            />
            <div class="field">
              <label class="button">
                <input
                  class="unseen"
                  type="file"
                  multiple
                  accept="image/jpeg,image/png,image/webp"
                  onChange={(event) => setPictures([...(event.currentTarget.files ?? [])])}
                />
                <Icon name="picture" />
                {text.own}
              </label>
              <span class="soft small">
                {pictures.length === 0
                  ? system.noFile
                  : pictures.map(({ name }) => name).join(', ')}
              </span>
            </div>
            <Problem error={error} />
            <button class="primary" type="submit" disabled={busy}>
              <Icon name="eye" />
              {busy ? text.looking : text.look}
            </button>
          </div>
          {sheet !== '' && <img class="see-sheet" src={sheet} alt={text.sheet} />}
        </form>
      )}
    </Panel>
  )
}
