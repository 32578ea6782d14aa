import { useState } from 'preact/hooks'

import { firstLetter } from '../format.js'
import { faces } from '../resources.js'
import type { PersonRecord } from '../resources.js'
import { isEnroller } from '../session.js'
import { useLoad } from '../use-load.js'

/** The first letter, for who may see no faces or where there is none. */
function Monogram({ name }: { readonly name: string }) {
  return (
    <span class="monogram" aria-hidden="true">
      {firstLetter(name).toUpperCase()}
    </span>
  )
}

/** The picture of one face; a monogram where it can't be shown. */
export function Face(props: {
  readonly personId: string
  readonly faceId: string
  readonly name: string
}) {
  const [failed, setFailed] = useState(false)
  if (failed) return <Monogram name={props.name} />
  return (
    <img
      class="face"
      src={faces.pictureHref(props.personId, props.faceId)}
      alt=""
      width={112}
      height={112}
      loading="lazy"
      onError={() => setFailed(true)}
    />
  )
}

/** The newest face of a person, for the enroller role only. */
export function FacePicture({ person }: { readonly person: PersonRecord }) {
  const shown = isEnroller.value && person.faces > 0
  const { data } = useLoad(
    async (signal) => (shown ? (await faces.list(person.id, signal)).at(-1) : undefined),
    `${person.id}|${person.faces}|${shown}`,
  )
  if (data === undefined) return <Monogram name={person.name} />
  return <Face personId={person.id} faceId={data.id} name={person.name} />
}
