import { signal } from '@preact/signals'
import { useEffect } from 'preact/hooks'

import { formatBytes } from '../format.js'
import type { Erasure } from '../resources.js'
import { words } from '../words.js'
import { Icon } from './icon.js'

/** Who was deleted last, and how it was proven; until the page is left. */
export const farewell = signal<{ readonly name: string; readonly erasure: Erasure } | undefined>(
  undefined,
)

/** Tells that somebody is deleted, what went, and what was looked for afterwards. */
export function Farewell() {
  useEffect(
    () => () => {
      farewell.value = undefined
    },
    [],
  )
  const { person: text } = words.value
  const now = farewell.value
  if (now === undefined) return <div role="status" />
  const { erased, proof, decisionsKept } = now.erasure
  return (
    <div class="farewell" role="status" data-proven={String(proof.proven)}>
      <Icon name={proof.proven ? 'granted' : 'warning'} />
      <div>
        <strong>{text.deleted(now.name)}</strong>
        <p>{proof.proven ? text.erased(erased.templates, erased.pictures) : text.notProven}</p>
        <p class="small">
          {proof.searchedBytes !== null && <>{text.searched(formatBytes(proof.searchedBytes))} </>}
          {decisionsKept > 0 && text.decisionsKept(decisionsKept)}
        </p>
      </div>
    </div>
  )
}
