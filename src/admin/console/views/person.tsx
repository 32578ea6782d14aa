import { useState } from 'preact/hooks'

import { ApiProblem } from '../api.js'
import { formatDay, formatRate } from '../format.js'
import { ConfirmDialog } from '../parts/dialog.js'
import { EnrolFaces } from '../parts/enrol-faces.js'
import { Face } from '../parts/face-picture.js'
import { CheckField, TextField } from '../parts/field.js'
import { Icon } from '../parts/icon.js'
import { Done, IconButton, Panel, Problem, Waiting } from '../parts/panel.js'
import { consents, faces, groups, persons } from '../resources.js'
import type { PersonRecord, Versioned } from '../resources.js'
import { goTo, hrefOf } from '../route.js'
import { isAdmin, isEnroller } from '../session.js'
import { useAction, useLoad } from '../use-load.js'
import { words } from '../words.js'
import { farewell } from '../parts/farewell.js'
import { standingOf } from './people.js'

/** `YYYY-MM-DD` of an instant, as a date field wants it. */
const dayOf = (at: string | null | undefined) => (at ? at.slice(0, 10) : '')
const startOf = (day: string) => (day === '' ? null : `${day}T00:00:00.000Z`)
const endOf = (day: string) => (day === '' ? null : `${day}T23:59:59.999Z`)

/** The access groups there are, with those of the person ticked. */
function Groups(props: {
  readonly memberOf: readonly string[]
  readonly onChange: (groups: readonly string[]) => void
}) {
  const { memberOf, onChange } = props
  const { data, error } = useLoad((signal) => groups.list(signal))
  const { person: text } = words.value
  return (
    <fieldset class="stack tight">
      <legend>{text.groups}</legend>
      <p class="hint">{data?.length === 0 ? text.noGroups : text.groupsNote}</p>
      <Problem error={error} />
      {data?.map(({ id, name }) => (
        <CheckField
          key={id}
          label={name}
          checked={memberOf.includes(id)}
          onChange={(is) =>
            onChange(is ? [...memberOf, id] : memberOf.filter((other) => other !== id))
          }
        />
      ))}
    </fieldset>
  )
}

function Details(props: {
  readonly person: Versioned<PersonRecord>
  readonly onChanged: (person: Versioned<PersonRecord>) => void
  readonly onConflict: () => void
}) {
  const { value, etag } = props.person
  const [name, setName] = useState(value.name)
  const [active, setActive] = useState(value.active)
  const [validFrom, setValidFrom] = useState(dayOf(value.validFrom))
  const [validUntil, setValidUntil] = useState(dayOf(value.validUntil))
  const [retainUntil, setRetainUntil] = useState(dayOf(value.retainUntil))
  const [memberOf, setMemberOf] = useState<readonly string[]>(value.groups)
  const [done, setDone] = useState(false)
  const { busy, error, run } = useAction()
  const { person: text, people, common } = words.value

  async function save() {
    setDone(false)
    const saved = await run(async () => {
      try {
        const change = {
          name: name.trim(),
          active,
          validFrom: startOf(validFrom),
          validUntil: endOf(validUntil),
          retainUntil: endOf(retainUntil),
          groups: memberOf,
        }
        props.onChanged(await persons.change(value.id, change, etag))
      } catch (problem) {
        if (problem instanceof ApiProblem && problem.status === 412) props.onConflict()
        throw problem
      }
    })
    setDone(saved)
  }

  return (
    <Panel title={text.details}>
      <form
        class="stack"
        onSubmit={(event) => {
          event.preventDefault()
          void save()
        }}
      >
        <fieldset class="stack" disabled={!isEnroller.value}>
          <TextField label={people.name} value={name} onInput={setName} maxLength={200} required />
          <CheckField
            label={text.active}
            hint={text.activeNote}
            checked={active}
            onChange={setActive}
          />
          <div class="pair">
            <TextField
              label={text.validFrom}
              type="date"
              value={validFrom}
              onInput={setValidFrom}
            />
            <TextField
              label={text.validUntil}
              type="date"
              value={validUntil}
              onInput={setValidUntil}
            />
          </div>
          <Groups memberOf={memberOf} onChange={setMemberOf} />
          <TextField
            label={text.retainUntil}
            hint={text.retainNote}
            type="date"
            value={retainUntil}
            onInput={setRetainUntil}
          />
        </fieldset>
        <Problem error={error} />
        <Done text={done ? common.saved : ''} />
        {isEnroller.value && (
          <div class="row-buttons">
            <button class="primary" type="submit" disabled={busy}>
              {common.save}
            </button>
          </div>
        )}
      </form>
    </Panel>
  )
}

function Faces({ person, onChanged }: { person: PersonRecord; onChanged: () => void }) {
  const [deleting, setDeleting] = useState<string | undefined>(undefined)
  const { person: text, people, common } = words.value
  const { data, error, reload } = useLoad(
    (signal) => faces.list(person.id, signal),
    `${person.faces}|${isEnroller.value}`,
  )
  const changed = () => {
    void reload()
    onChanged()
  }
  return (
    <Panel title={text.faces} note={people.faces(person.faces)}>
      {!isEnroller.value && <p class="soft">{text.pictureHidden}</p>}
      {person.faces === 0 && <p class="soft">{text.noFaces}</p>}
      {error !== undefined && isEnroller.value && <Problem error={error} />}
      <ul class="face-list">
        {data?.map((face, index) => (
          <li key={face.id} data-id={face.id}>
            <Face personId={person.id} faceId={face.id} name={person.name} />
            <span>{text.face(index + 1)}</span>
            <span class="soft small">{text.quality(formatRate(face.quality))}</span>
            {isEnroller.value && (
              <IconButton
                icon="remove"
                label={`${text.deleteFace} (${index + 1})`}
                onClick={() => setDeleting(face.id)}
              />
            )}
          </li>
        ))}
      </ul>
      {isEnroller.value && <EnrolFaces person={person} onEnrolled={changed} />}
      {deleting !== undefined && (
        <ConfirmDialog
          title={text.deleteFace}
          text={text.deleteFaceText}
          confirm={common.delete}
          keep={common.keep}
          onConfirm={async () => {
            await faces.remove(person.id, deleting)
            changed()
          }}
          onClose={() => setDeleting(undefined)}
        />
      )}
    </Panel>
  )
}

function Consent({ id }: { readonly id: string }) {
  const [givenBy, setGivenBy] = useState('')
  const [version, setVersion] = useState('')
  const { data, error, reload } = useLoad((signal) => consents.list(id, signal), id)
  const action = useAction()
  const { person: text } = words.value
  const last = data?.at(-1)
  const record = async (kind: 'given' | 'withdrawn', textVersion: string) => {
    const by = givenBy.trim()
    const done = await action.run(() =>
      consents.record(id, { kind, givenBy: by === '' ? null : by, textVersion }),
    )
    if (!done) return
    setGivenBy('')
    await reload()
  }
  return (
    <Panel title={text.consent}>
      <Problem error={error} />
      {data?.length === 0 && <p class="soft">{text.noConsent}</p>}
      <ul class="plain-list">
        {data?.map((consent) => (
          <li key={consent.id} data-kind={consent.kind}>
            <Icon name={consent.kind === 'given' ? 'granted' : 'denied'} />
            <span>
              {consent.kind === 'withdrawn'
                ? text.consentWithdrawn(consent.textVersion)
                : consent.givenBy === null
                  ? text.consentGivenSelf(consent.textVersion)
                  : text.consentGiven(consent.givenBy, consent.textVersion)}
              <span class="soft"> · {formatDay(consent.at)}</span>
            </span>
          </li>
        ))}
      </ul>
      {isEnroller.value && (
        <form
          class="stack"
          onSubmit={(event) => {
            event.preventDefault()
            void record('given', version.trim())
          }}
        >
          <div class="pair">
            <TextField
              label={text.consentVersion}
              value={version}
              onInput={setVersion}
              maxLength={64}
              required
            />
            <TextField
              label={text.consentBy}
              hint={text.consentByNote}
              value={givenBy}
              onInput={setGivenBy}
              maxLength={200}
            />
          </div>
          <Problem error={action.error} />
          <div class="row-buttons">
            {last?.kind === 'given' && (
              <button
                type="button"
                disabled={action.busy}
                onClick={() => void record('withdrawn', last.textVersion)}
              >
                {text.takeConsentBack}
              </button>
            )}
            <button type="submit" disabled={action.busy || version.trim() === ''}>
              {text.giveConsent}
            </button>
          </div>
        </form>
      )}
    </Panel>
  )
}

function Data({ person }: { readonly person: PersonRecord }) {
  const [asking, setAsking] = useState(false)
  const { person: text, common } = words.value
  return (
    <Panel title={text.data}>
      <div class="choices-list">
        <a class="button" href={hrefOf('decisions', undefined, `?personId=${person.id}`)}>
          <Icon name="decisions" />
          {text.decisions}
        </a>
        {isEnroller.value && (
          <>
            {isAdmin.value && (
              <a class="button" href={persons.exportHref(person.id)} download>
                <Icon name="export" />
                {text.export}
              </a>
            )}
            <button class="danger" type="button" onClick={() => setAsking(true)}>
              <Icon name="remove" />
              {text.delete}
            </button>
          </>
        )}
      </div>
      <p class="soft small">{text.deleteNote}</p>
      {asking && (
        <ConfirmDialog
          title={text.deleteTitle(person.name)}
          text={text.deleteText}
          confirm={common.delete}
          keep={common.keep}
          onConfirm={async () => {
            farewell.value = { name: person.name, erasure: await persons.remove(person.id) }
            goTo(hrefOf('people'))
          }}
          onClose={() => setAsking(false)}
        />
      )}
    </Panel>
  )
}

/** One person: what is known, the faces, the consent, and the way out. */
export function PersonPage({ id }: { readonly id: string }) {
  const { data, error, reload, set } = useLoad((signal) => persons.get(id, signal), id)
  const [conflict, setConflict] = useState(0)
  const { people, person: text } = words.value
  if (error instanceof ApiProblem && error.status === 404) {
    return (
      <>
        <BackLink />
        <p>{text.notFound}</p>
      </>
    )
  }
  if (data === undefined) return error === undefined ? <Waiting /> : <Problem error={error} />
  const person = data.value
  const trouble = standingOf(person)
  return (
    <>
      <BackLink />
      <div class="person-head">
        <h2 class="person-title">{person.name}</h2>
        {trouble !== undefined && <span class="tag warn">{trouble}</span>}
        <span class="soft">
          {people.faces(person.faces)} · {text.addedOn(formatDay(person.createdAt))}
        </span>
      </div>
      {conflict > 0 && (
        <p class="problem" role="alert">
          {text.changedElsewhere}
        </p>
      )}
      <div class="columns">
        <div class="column">
          <Faces person={person} onChanged={() => void reload()} />
        </div>
        <div class="column">
          <Details
            key={`${data.etag ?? ''}|${conflict}`}
            person={data}
            onChanged={set}
            onConflict={() => {
              void reload().then(() => setConflict((count) => count + 1))
            }}
          />
          <Consent id={id} />
          <Data person={person} />
        </div>
      </div>
    </>
  )
}

function BackLink() {
  return (
    <a class="back" href={hrefOf('people')}>
      <Icon name="back" />
      {words.value.people.back}
    </a>
  )
}
