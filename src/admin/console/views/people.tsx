import { useEffect, useState } from 'preact/hooks'

import { formatCount } from '../format.js'
import { Farewell } from '../parts/farewell.js'
import { TextField } from '../parts/field.js'
import { FacePicture } from '../parts/face-picture.js'
import { Icon } from '../parts/icon.js'
import { Empty, Panel, Problem, Waiting } from '../parts/panel.js'
import { persons } from '../resources.js'
import type { PersonRecord } from '../resources.js'
import { goTo, hrefOf, route } from '../route.js'
import { door, isEnroller } from '../session.js'
import { useAction, useLoad } from '../use-load.js'
import { words } from '../words.js'
import { PersonPage } from './person.js'

const PAGE = 60
const TYPING_MS = 250

/** Why a person is not recognised now, in a word; nothing when all is well. */
export function standingOf(person: PersonRecord): string | undefined {
  const { people } = words.value
  const { active, faces, validFrom, validUntil } = person
  if (!active) return people.inactive
  if (faces === 0) return people.noFace
  if (validFrom && new Date(validFrom).getTime() > Date.now()) return people.notYet
  if (validUntil && new Date(validUntil).getTime() < Date.now()) return people.expired
  return undefined
}

function PersonCard({ person }: { readonly person: PersonRecord }) {
  const trouble = standingOf(person)
  return (
    <li data-id={person.id}>
      <a class="person-card" href={hrefOf('people', person.id)}>
        <FacePicture person={person} />
        <span class="person-name">{person.name}</span>
        <span class={trouble === undefined ? 'person-note' : 'person-note warn'}>
          {trouble ?? words.value.people.faces(person.faces)}
        </span>
      </a>
    </li>
  )
}

function NewPerson() {
  const [name, setName] = useState('')
  const [missing, setMissing] = useState(false)
  const { busy, error, run } = useAction()
  const { people, common } = words.value
  async function create() {
    setMissing(name.trim() === '')
    if (name.trim() === '') return
    await run(async () => {
      const person = await persons.create(name.trim())
      goTo(hrefOf('people', person.id))
    })
  }
  return (
    <Panel title={people.newTitle} note={people.newNote} class="narrow">
      <form
        class="stack"
        noValidate
        onSubmit={(event) => {
          event.preventDefault()
          void create()
        }}
      >
        <TextField label={people.name} value={name} onInput={setName} maxLength={200} required />
        {missing && (
          <p class="problem" role="alert">
            <Icon name="warning" />
            {people.nameFirst}
          </p>
        )}
        <Problem error={error} />
        <div class="row-buttons">
          <a class="button" href={hrefOf('people')}>
            {common.cancel}
          </a>
          <button class="primary" type="submit" disabled={busy}>
            {people.create}
          </button>
        </div>
      </form>
    </Panel>
  )
}

function PeopleList() {
  const [typed, setTyped] = useState('')
  const [search, setSearch] = useState('')
  const [later, setLater] = useState<readonly PersonRecord[]>([])
  const [cursor, setCursor] = useState<string | null>(null)
  const { people, common } = words.value

  useEffect(() => {
    const timer = window.setTimeout(() => setSearch(typed.trim()), TYPING_MS)
    return () => window.clearTimeout(timer)
  }, [typed])

  const { data, error } = useLoad(
    async (signal) => {
      const page = await persons.list({ search, limit: PAGE }, signal)
      setLater([])
      setCursor(page.nextCursor)
      return page.items
    },
    `${search}|${door.health.value?.gallery.persons ?? ''}`,
  )
  const { run } = useAction()
  const shown = [...(data ?? []), ...later]

  return (
    <>
      <Farewell />
      <div class="toolbar">
        <div class="search">
          <Icon name="search" />
          <input
            type="search"
            aria-label={people.search}
            placeholder={people.search}
            value={typed}
            onInput={(event) => setTyped(event.currentTarget.value)}
          />
        </div>
        <p class="soft" role="status">
          {data !== undefined &&
            people.count(`${formatCount(shown.length)}${cursor === null ? '' : '+'}`)}
        </p>
        {isEnroller.value && (
          <a class="button primary" href={hrefOf('people', 'new')}>
            <Icon name="add" />
            {people.add}
          </a>
        )}
      </div>
      <Problem error={error} />
      {data === undefined && error === undefined && <Waiting />}
      {data !== undefined && shown.length === 0 && (
        <Empty icon="people">{search === '' ? people.none : people.noneFound}</Empty>
      )}
      <ul class="people-grid">
        {shown.map((person) => (
          <PersonCard key={person.id} person={person} />
        ))}
      </ul>
      {cursor !== null && (
        <button
          class="more"
          type="button"
          onClick={() =>
            void run(async () => {
              const page = await persons.list({ search, cursor, limit: PAGE })
              setLater([...later, ...page.items])
              setCursor(page.nextCursor)
            })
          }
        >
          {common.more}
        </button>
      )}
    </>
  )
}

/** Everybody enrolled, one of them, or a new one. */
export function PeoplePage() {
  const { detail } = route.value
  if (detail === 'new' && isEnroller.value) return <NewPerson />
  return detail === undefined ? <PeopleList /> : <PersonPage key={detail} id={detail} />
}
