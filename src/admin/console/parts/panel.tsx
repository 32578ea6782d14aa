import type { ComponentChildren } from 'preact'
import { useId } from 'preact/hooks'

import { problemText } from '../problem-text.js'
import { words } from '../words.js'
import { Icon } from './icon.js'
import type { IconName } from './icon.js'

/** A sheet of a page with its heading. */
export function Panel(props: {
  readonly title: string
  readonly note?: ComponentChildren
  readonly actions?: ComponentChildren
  readonly class?: string
  readonly children: ComponentChildren
}) {
  const { title, note, actions, children } = props
  const id = useId()
  return (
    <section class={`panel ${props.class ?? ''}`} aria-labelledby={id}>
      <header class="panel-head">
        <h2 id={id}>{title}</h2>
        {note !== undefined && <span class="soft">{note}</span>}
        {actions !== undefined && <div class="panel-actions">{actions}</div>}
      </header>
      {children}
    </section>
  )
}

/** What failed, and what to do about it. */
export function Problem({ error }: { readonly error: unknown }) {
  return (
    <p class="problem" role="alert">
      {error !== undefined && (
        <>
          <Icon name="warning" />
          <span>{problemText(error)}</span>
        </>
      )}
    </p>
  )
}

/** What was done, for who listens rather than looks, too. */
export function Done({ text }: { readonly text: string }) {
  return (
    <p class="done" role="status">
      {text !== '' && (
        <>
          <Icon name="granted" />
          <span>{text}</span>
        </>
      )}
    </p>
  )
}

/** Something to mind that is not this page's doing. */
export function Notice(props: {
  readonly tone?: 'warn' | 'bad'
  readonly children: ComponentChildren
}) {
  return (
    <div class="notice" data-tone={props.tone ?? 'warn'}>
      <Icon name="warning" />
      <div>{props.children}</div>
    </div>
  )
}

/** Where a list would be when there is nothing to list. */
export function Empty(props: { readonly icon: IconName; readonly children: ComponentChildren }) {
  return (
    <div class="empty">
      <Icon name={props.icon} />
      <p>{props.children}</p>
    </div>
  )
}

/** Stands where something is still being asked for. */
export function Waiting() {
  return <p class="waiting soft">{words.value.common.loading}</p>
}

/** A button that is an icon; its words are for the pointer that rests and the reader that speaks. */
export function IconButton(props: {
  readonly icon: IconName
  readonly label: string
  readonly onClick: () => void
  readonly disabled?: boolean
}) {
  const { icon, label, onClick, disabled } = props
  return (
    <button
      class="icon-only"
      type="button"
      aria-label={label}
      title={label}
      onClick={onClick}
      {...(disabled === undefined ? {} : { disabled })}
    >
      <Icon name={icon} />
    </button>
  )
}
