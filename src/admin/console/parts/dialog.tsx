import type { ComponentChildren } from 'preact'
import { useEffect, useId, useRef } from 'preact/hooks'

import { useAction } from '../use-load.js'
import { words } from '../words.js'
import { Problem } from './panel.js'

/** A sheet over the page that wants an answer; Escape closes it. */
export function Dialog(props: {
  readonly title: string
  readonly tone?: 'plain' | 'danger'
  readonly wide?: boolean
  readonly onClose: () => void
  readonly children: ComponentChildren
}) {
  const { title, tone = 'plain', wide = false, onClose, children } = props
  const element = useRef<HTMLDialogElement>(null)
  const id = useId()
  useEffect(() => {
    element.current?.showModal()
  }, [])
  return (
    <dialog
      ref={element}
      class={wide ? 'wide' : ''}
      data-tone={tone}
      aria-labelledby={id}
      onClose={onClose}
    >
      <h2 id={id}>{title}</h2>
      {children}
    </dialog>
  )
}

/** Asks before something that can't be undone; the safe answer has the focus. */
export function ConfirmDialog(props: {
  readonly title: string
  readonly text: ComponentChildren
  readonly confirm: string
  readonly keep?: string
  readonly disabled?: boolean
  readonly children?: ComponentChildren
  readonly onConfirm: () => Promise<unknown>
  readonly onClose: () => void
}) {
  const { title, text, confirm, onConfirm, onClose } = props
  const { busy, error, run } = useAction()
  return (
    <Dialog title={title} tone="danger" onClose={onClose}>
      <p>{text}</p>
      {props.children}
      <Problem error={error} />
      <div class="dialog-buttons">
        <button type="button" autofocus onClick={onClose}>
          {props.keep ?? words.value.common.cancel}
        </button>
        <button
          class="danger"
          type="button"
          disabled={busy || props.disabled === true}
          onClick={() => {
            void run(onConfirm).then((done) => done && onClose())
          }}
        >
          {confirm}
        </button>
      </div>
    </Dialog>
  )
}
