import type { ComponentChildren } from 'preact'
import { useId } from 'preact/hooks'

interface FieldProps {
  readonly label: string
  readonly hint?: string
  /** Gets the id that the label points at, and that of the hint, for `aria-describedby`. */
  readonly children: (ids: {
    readonly id: string
    readonly hintId: string | undefined
  }) => ComponentChildren
}

/** A labelled place to fill in. */
export function Field({ label, hint, children }: FieldProps) {
  const id = useId()
  const hintId = hint === undefined ? undefined : `${id}-hint`
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {children({ id, hintId })}
      {hint !== undefined && (
        <p class="hint" id={hintId}>
          {hint}
        </p>
      )}
    </div>
  )
}

/** A line of text to fill in. */
export function TextField(props: {
  readonly label: string
  readonly value: string
  readonly onInput: (value: string) => void
  readonly hint?: string
  readonly type?: 'text' | 'date' | 'number' | 'password' | 'search' | 'time' | 'datetime-local'
  readonly required?: boolean
  readonly placeholder?: string
  readonly maxLength?: number
  readonly min?: number
  readonly max?: number
  readonly step?: number | 'any'
}) {
  const { label, value, onInput, hint, type, ...rest } = props
  // The attribute types of each kind of input exclude each other; these hold for all used here.
  const kind = { type: type ?? 'text' } as { readonly type: 'text' }
  return (
    <Field label={label} {...(hint === undefined ? {} : { hint })}>
      {({ id, hintId }) => (
        <input
          id={id}
          {...kind}
          value={value}
          autocomplete="off"
          {...(hintId === undefined ? {} : { 'aria-describedby': hintId })}
          {...rest}
          onInput={(event) => onInput(event.currentTarget.value)}
        />
      )}
    </Field>
  )
}

/** One of several values. */
export function SelectField<T extends string>(props: {
  readonly label: string
  readonly value: T
  readonly options: readonly (readonly [T, string])[]
  readonly onChange: (value: T) => void
  readonly hint?: string
}) {
  const { label, value, options, onChange, hint } = props
  return (
    <Field label={label} {...(hint === undefined ? {} : { hint })}>
      {({ id, hintId }) => (
        <select
          id={id}
          value={value}
          {...(hintId === undefined ? {} : { 'aria-describedby': hintId })}
          onChange={(event) => {
            const chosen = options.find(([known]) => known === event.currentTarget.value)
            if (chosen !== undefined) onChange(chosen[0])
          }}
        >
          {options.map(([known, text]) => (
            <option key={known} value={known}>
              {text}
            </option>
          ))}
        </select>
      )}
    </Field>
  )
}

/** Yes or no. */
export function CheckField(props: {
  readonly label: string
  readonly checked: boolean
  readonly onChange: (checked: boolean) => void
  readonly hint?: string
}) {
  const id = useId()
  return (
    <div class="check-field">
      <input
        id={id}
        type="checkbox"
        checked={props.checked}
        onChange={(event) => props.onChange(event.currentTarget.checked)}
      />
      <label for={id}>
        {props.label}
        {props.hint !== undefined && <span class="hint">{props.hint}</span>}
      </label>
    </div>
  )
}
