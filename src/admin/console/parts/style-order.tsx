import { useState } from 'preact/hooks'

import { formatCount } from '../format.js'
import { styleJobs, styleLibrary } from '../style-resources.js'
import type { StyleJobRecord, StyleOrderRecord } from '../style-resources.js'
import { useAction, useLoad } from '../use-load.js'
import { words } from '../words.js'
import { CheckField, SelectField } from './field.js'
import { Icon } from './icon.js'
import { Panel, Problem, Waiting } from './panel.js'
import { Slider } from './slider.js'
import { SourcePicker } from './style-source.js'
import type { Source } from './style-source.js'

const SIZES = ['128', '256', '512', '768', '1080', '1920'] as const
const LAYERS = ['conv1', 'conv2', 'conv3', 'conv4', 'conv5', 'mixed0', 'mixed1'] as const
type Layer = (typeof LAYERS)[number]
const COLOURS = ['style', 'content-luminance', 'content-statistics'] as const

/** Weights are set by powers of two from 1/16 to 64. */
const toWeight = (power: number) => 2 ** power
const shownWeight = (power: number) =>
  power >= 0 ? String(toWeight(power)) : `1/${toWeight(-power)}`

function choiceOf(source: Source) {
  switch (source.kind) {
    case 'library':
      return { kind: 'library' as const, id: source.id }
    case 'upload':
      return { kind: 'upload' as const }
    case 'camera':
      return { kind: 'camera' as const, consent: source.consent }
  }
}

/** What is to be painted, how large, and how far from the picture. */
export function StyleOrder({ onOrdered }: { readonly onOrdered: (job: StyleJobRecord) => void }) {
  const library = useLoad((signal) => styleLibrary.list(signal))
  const [content, setContent] = useState<Source | undefined>(undefined)
  const [style, setStyle] = useState<Source | undefined>(undefined)
  const [size, setSize] = useState<(typeof SIZES)[number]>('512')
  const [alpha, setAlpha] = useState(0)
  const [beta, setBeta] = useState(2)
  const [strokeScale, setStrokeScale] = useState(1)
  const [steps, setSteps] = useState(120)
  const [colour, setColour] = useState<(typeof COLOURS)[number]>('style')
  const [contentLayer, setContentLayer] = useState<Layer>('conv5')
  const [layers, setLayers] = useState<readonly Layer[]>(
    LAYERS.filter((layer) => layer !== 'conv4'),
  )
  const { busy, error, run } = useAction()
  const { styles: text } = words.value
  const ready =
    content !== undefined &&
    style !== undefined &&
    layers.length > 0 &&
    (content.kind !== 'camera' || content.consent)

  async function order() {
    if (content === undefined || style === undefined) return
    const chosenStyle = choiceOf(style)
    if (chosenStyle.kind === 'camera') return
    const settings: StyleOrderRecord['settings'] = {
      sizePixels: Number(size),
      alpha: toWeight(alpha),
      beta: toWeight(beta),
      strokeScale,
      stepsPerLevel: steps,
      colour,
      contentLayer,
      styleLayers: Object.fromEntries(layers.map((layer) => [layer, 1])),
    }
    const pictures = {
      ...(content.kind === 'upload' ? { content: content.file } : {}),
      ...(style.kind === 'upload' ? { style: style.file } : {}),
    }
    const record = { content: choiceOf(content), style: chosenStyle, settings }
    onOrdered(await styleJobs.create(record, pictures))
  }

  return (
    <Panel title={text.paint} note={text.paintNote}>
      <Problem error={library.error} />
      {library.data === undefined && library.error === undefined && <Waiting />}
      {library.data !== undefined && (
        <form
          class="style-order"
          onSubmit={(event) => {
            event.preventDefault()
            void run(order)
          }}
        >
          <SourcePicker
            title={text.content}
            note={text.contentNote}
            pictures={library.data.filter(({ use }) => use === 'content')}
            value={content}
            withCamera
            onChange={setContent}
          />
          <SourcePicker
            title={text.style}
            note={text.styleNote}
            pictures={library.data.filter(({ use }) => use === 'style')}
            value={style}
            withCamera={false}
            onChange={setStyle}
          />
          <div class="style-settings">
            <SelectField
              label={text.size}
              value={size}
              options={SIZES.map((pixels) => [pixels, text.pixels(pixels)] as const)}
              onChange={setSize}
            />
            <SelectField
              label={text.colour}
              value={colour}
              options={COLOURS.map((one) => [one, text.colours[one]] as const)}
              onChange={setColour}
            />
            <Slider
              label={text.alpha}
              shown={shownWeight(alpha)}
              {...{ value: alpha, min: -4, max: 6, step: 1, onInput: setAlpha }}
            />
            <Slider
              label={text.beta}
              shown={shownWeight(beta)}
              {...{ value: beta, min: -4, max: 6, step: 1, onInput: setBeta }}
            />
            <Slider
              label={text.strokes}
              shown={`×${strokeScale}`}
              {...{ value: strokeScale, min: 0.5, max: 2, step: 0.25, onInput: setStrokeScale }}
            />
            <Slider
              label={text.steps}
              shown={formatCount(steps)}
              {...{ value: steps, min: 10, max: 200, step: 10, onInput: setSteps }}
            />
          </div>
          <details>
            <summary>{text.more}</summary>
            <div class="style-settings">
              <SelectField
                label={text.contentLayer}
                value={contentLayer}
                options={LAYERS.map((layer) => [layer, layer] as const)}
                onChange={setContentLayer}
              />
              <fieldset class="layer-choice">
                <legend>{text.styleLayers}</legend>
                {LAYERS.map((layer) => (
                  <CheckField
                    key={layer}
                    label={layer}
                    checked={layers.includes(layer)}
                    onChange={(on) =>
                      setLayers(LAYERS.filter((one) => (one === layer ? on : layers.includes(one))))
                    }
                  />
                ))}
              </fieldset>
            </div>
          </details>
          <Problem error={error} />
          <div class="row-buttons">
            <button class="primary" type="submit" disabled={!ready || busy}>
              <Icon name="edit" />
              {text.start}
            </button>
          </div>
        </form>
      )}
    </Panel>
  )
}
