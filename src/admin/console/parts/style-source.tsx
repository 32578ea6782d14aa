import { useEffect, useId, useState } from 'preact/hooks'

import { styleLibrary } from '../style-resources.js'
import type { LibraryPicture } from '../style-resources.js'
import { words } from '../words.js'
import { CheckField } from './field.js'
import { Icon } from './icon.js'

/** What was chosen as content or style. */
export type Source =
  | { readonly kind: 'library'; readonly id: string }
  | { readonly kind: 'upload'; readonly file: File }
  | { readonly kind: 'camera'; readonly consent: boolean }

const ACCEPTED = 'image/jpeg,image/png,image/webp'
const RETRIES = 4
const RETRY_MS = 4_000

function titleOf(picture: LibraryPicture): string {
  const known: Readonly<Partial<Record<string, string>>> = words.value.styles.titles
  return known[picture.id] ?? picture.title
}

/** A picture that is still being drawn the first time it is asked for. */
function LibraryImage({ id }: { readonly id: string }) {
  const [tries, setTries] = useState(0)
  return (
    <img
      src={`${styleLibrary.pictureHref(id)}?${tries}`}
      alt=""
      loading="lazy"
      onError={() => {
        if (tries < RETRIES) window.setTimeout(() => setTries(tries + 1), RETRY_MS)
      }}
    />
  )
}

function Uploaded({ file }: { readonly file: File }) {
  const [url, setUrl] = useState('')
  useEffect(() => {
    const made = URL.createObjectURL(file)
    setUrl(made)
    return () => URL.revokeObjectURL(made)
  }, [file])
  return url === '' ? null : <img src={url} alt="" />
}

/** Chooses one picture: of the library, of this computer or, where that makes sense, of the door. */
export function SourcePicker(props: {
  readonly title: string
  readonly note: string
  readonly pictures: readonly LibraryPicture[]
  readonly value: Source | undefined
  readonly withCamera: boolean
  readonly onChange: (source: Source) => void
}) {
  const { title, note, pictures, value, withCamera, onChange } = props
  const { styles: text } = words.value
  const id = useId()
  const file = value?.kind === 'upload' ? value.file : undefined
  return (
    <fieldset class="source">
      <legend>
        {title} <span class="soft small">{note}</span>
      </legend>
      <div class="source-grid">
        {pictures.map((picture) => (
          <button
            key={picture.id}
            type="button"
            class="source-tile"
            aria-pressed={value?.kind === 'library' && value.id === picture.id}
            onClick={() => onChange({ kind: 'library', id: picture.id })}
          >
            <LibraryImage id={picture.id} />
            <span>{titleOf(picture)}</span>
          </button>
        ))}
        <label class="source-tile" for={id} data-chosen={String(file !== undefined)}>
          {file === undefined ? <Icon name="picture" /> : <Uploaded file={file} />}
          <span>{file?.name ?? text.upload}</span>
          <input
            id={id}
            class="unseen"
            type="file"
            accept={ACCEPTED}
            onChange={(event) => {
              const chosen = event.currentTarget.files?.[0]
              if (chosen !== undefined) onChange({ kind: 'upload', file: chosen })
            }}
          />
        </label>
        {withCamera && (
          <button
            type="button"
            class="source-tile"
            aria-pressed={value?.kind === 'camera'}
            onClick={() => onChange({ kind: 'camera', consent: false })}
          >
            <Icon name="camera" />
            <span>{text.camera}</span>
          </button>
        )}
      </div>
      {value?.kind === 'camera' && (
        <CheckField
          label={text.consent}
          hint={text.cameraNote}
          checked={value.consent}
          onChange={(consent) => onChange({ kind: 'camera', consent })}
        />
      )}
    </fieldset>
  )
}
