import { Field } from './field.js'

/** A number on a scale, with what it is said beside its label. */
export function Slider(props: {
  readonly label: string
  readonly value: number
  readonly min: number
  readonly max: number
  readonly step: number
  readonly shown: string
  readonly onInput: (value: number) => void
}) {
  const { label, shown, value, onInput, ...scale } = props
  return (
    <Field label={`${label}: ${shown}`}>
      {({ id }) => (
        <input
          id={id}
          type="range"
          value={value}
          {...scale}
          aria-valuetext={shown}
          onInput={(event) => onInput(Number(event.currentTarget.value))}
        />
      )}
    </Field>
  )
}
