import { useEffect, useRef, useState } from 'preact/hooks'

import { ApiProblem } from '../api.js'
import { formatRate } from '../format.js'
import { problemText } from '../problem-text.js'
import { faces } from '../resources.js'
import type { PersonRecord } from '../resources.js'
import { hrefOf } from '../route.js'
import { door, isAdmin } from '../session.js'
import { words } from '../words.js'
import { Icon } from './icon.js'
import { LivePicture } from './live-picture.js'

const WAYS = ['pictures', 'webcam', 'door'] as const
type Way = (typeof WAYS)[number]

/** One picture on its way to become a face. */
interface Attempt {
  readonly key: string
  readonly name: string
  readonly preview: string | undefined
  readonly picture: Blob | 'door'
  readonly state:
    | { readonly is: 'sending' }
    | { readonly is: 'taken'; readonly quality: number }
    | { readonly is: 'refused'; readonly error: unknown }
}

const ACCEPTED = 'image/jpeg,image/png,image/webp'
const QUALITY_OF_WEBCAM = 0.92

function useAttempts(person: PersonRecord, onEnrolled: () => void) {
  const [attempts, setAttempts] = useState<readonly Attempt[]>([])
  const previews = useRef<string[]>([])
  useEffect(() => () => previews.current.forEach((url) => URL.revokeObjectURL(url)), [])

  const settle = (key: string, state: Attempt['state']) => {
    setAttempts((all) => all.map((one) => (one.key === key ? { ...one, state } : one)))
  }

  async function send(attempt: Attempt, force = false): Promise<void> {
    settle(attempt.key, { is: 'sending' })
    try {
      const { picture } = attempt
      const face =
        picture === 'door'
          ? await faces.addFromCamera(person.id, force)
          : await faces.add(person.id, picture, force)
      settle(attempt.key, { is: 'taken', quality: face.quality })
      onEnrolled()
    } catch (error) {
      settle(attempt.key, { is: 'refused', error })
    }
  }

  async function add(pictures: readonly { name: string; picture: Blob | 'door' }[]): Promise<void> {
    const fresh = pictures.map(({ name, picture }): Attempt => {
      const preview = picture === 'door' ? undefined : URL.createObjectURL(picture)
      if (preview !== undefined) previews.current.push(preview)
      return { key: crypto.randomUUID(), name, preview, picture, state: { is: 'sending' } }
    })
    setAttempts((all) => [...fresh, ...all])
    for (const attempt of fresh) await send(attempt)
  }

  return { attempts, add, force: (attempt: Attempt) => send(attempt, true) }
}

function Attempts(props: {
  readonly attempts: readonly Attempt[]
  readonly onForce: (attempt: Attempt) => void
}) {
  const { enrol } = words.value
  return (
    <ul class="attempts" aria-live="polite">
      {props.attempts.map((attempt) => {
        const { key, name, preview, state } = attempt
        const document =
          state.is === 'refused' && state.error instanceof ApiProblem
            ? state.error.document
            : undefined
        return (
          <li key={key} data-state={state.is}>
            {preview === undefined ? <Icon name="camera" /> : <img src={preview} alt="" />}
            <div>
              <p class="attempt-name">{name}</p>
              {state.is === 'sending' && <p class="soft">{enrol.sending}</p>}
              {state.is === 'taken' && (
                <p class="done">
                  <Icon name="granted" />
                  {enrol.taken(formatRate(state.quality))}
                </p>
              )}
              {state.is === 'refused' && (
                <p class="problem">
                  <Icon name="denied" />
                  <span>{problemText(state.error)}</span>
                </p>
              )}
              {document?.personId !== undefined && (
                <div class="row-buttons start">
                  <a class="button" href={hrefOf('people', document.personId)}>
                    {enrol.sameAs}
                  </a>
                  {isAdmin.value && (
                    <button type="button" onClick={() => props.onForce(attempt)}>
                      {enrol.force}
                    </button>
                  )}
                </div>
              )}
            </div>
          </li>
        )
      })}
    </ul>
  )
}

function Drop({ onFiles }: { readonly onFiles: (files: readonly File[]) => void }) {
  const [over, setOver] = useState(false)
  const { enrol } = words.value
  const take = (files: FileList | null | undefined) => {
    if (files && files.length > 0) onFiles([...files])
  }
  return (
    <label
      class="drop"
      data-over={String(over)}
      onDragOver={(event) => {
        event.preventDefault()
        setOver(true)
      }}
      onDragLeave={() => setOver(false)}
      onDrop={(event) => {
        event.preventDefault()
        setOver(false)
        take(event.dataTransfer?.files)
      }}
    >
      <input
        class="unseen"
        type="file"
        accept={ACCEPTED}
        multiple
        onChange={(event) => {
          take(event.currentTarget.files)
          event.currentTarget.value = ''
        }}
      />
      <Icon name="picture" />
      <span>{enrol.drop}</span>
      <span class="soft small">{enrol.dropNote}</span>
    </label>
  )
}

function Webcam({ onPicture }: { readonly onPicture: (picture: Blob) => void }) {
  const video = useRef<HTMLVideoElement>(null)
  const [state, setState] = useState<'off' | 'on' | 'denied'>('off')
  const stream = useRef<MediaStream | undefined>(undefined)
  const { enrol } = words.value
  useEffect(() => () => stream.current?.getTracks().forEach((track) => track.stop()), [])

  async function start() {
    try {
      stream.current = await navigator.mediaDevices.getUserMedia({
        video: { width: { ideal: 1280 }, facingMode: 'user' },
      })
      setState('on')
      if (video.current !== null) {
        video.current.srcObject = stream.current
        await video.current.play()
      }
    } catch {
      setState('denied')
    }
  }

  function capture() {
    const from = video.current
    if (from === null || from.videoWidth === 0) return
    const canvas = document.createElement('canvas')
    canvas.width = from.videoWidth
    canvas.height = from.videoHeight
    canvas.getContext('2d')?.drawImage(from, 0, 0)
    canvas.toBlob((blob) => blob && onPicture(blob), 'image/jpeg', QUALITY_OF_WEBCAM)
  }

  if (!isSecureContext) return <p class="soft">{enrol.webcamInsecure}</p>
  return (
    <div class="stack">
      <div class="viewfinder" hidden={state !== 'on'}>
        <video ref={video} muted playsInline aria-label={enrol.webcamPreview} />
        <span class="viewfinder-oval" aria-hidden="true" />
      </div>
      {state === 'denied' && (
        <p class="problem" role="alert">
          <Icon name="warning" />
          {enrol.webcamDenied}
        </p>
      )}
      <div class="row-buttons start">
        {state === 'on' ? (
          <button class="primary" type="button" onClick={capture}>
            <Icon name="camera" />
            {enrol.capture}
          </button>
        ) : (
          <button type="button" onClick={() => void start()}>
            <Icon name="webcam" />
            {enrol.webcamStart}
          </button>
        )}
        <span class="soft small">{enrol.webcamNote}</span>
      </div>
    </div>
  )
}

/** What the door camera sees now, and what would be wrong with a picture taken at this moment. */
function AtDoor({ onTake }: { readonly onTake: () => void }) {
  const { enrol, quality } = words.value
  const face = door.seen.value?.faces[0]
  const advice: Readonly<Partial<Record<string, string>>> = quality
  const fault = face?.quality === 'good' ? undefined : (face?.quality ?? undefined)
  const ready = face !== undefined && fault === undefined
  return (
    <div class="stack">
      <LivePicture compact />
      <p class="quality" role="status" data-ready={String(ready)}>
        <Icon name={ready ? 'granted' : face === undefined ? 'looking' : 'warning'} />
        {face === undefined
          ? quality.nobody
          : fault === undefined
            ? quality.good
            : (advice[fault] ?? fault)}
      </p>
      <div class="row-buttons start">
        <button class="primary" type="button" onClick={onTake}>
          <Icon name="camera" />
          {enrol.captureDoor}
        </button>
        <span class="soft small">{enrol.doorNote}</span>
      </div>
    </div>
  )
}

/** Three ways to a face: pictures, this browser's camera, and the camera at the door. */
export function EnrolFaces(props: {
  readonly person: PersonRecord
  readonly onEnrolled: () => void
}) {
  const [way, setWay] = useState<Way>('pictures')
  const { attempts, add, force } = useAttempts(props.person, props.onEnrolled)
  const { enrol } = words.value
  const icons = { pictures: 'picture', webcam: 'webcam', door: 'camera' } as const
  return (
    <div class="enrol">
      <h3>{enrol.title}</h3>
      <div class="tabs" role="group" aria-label={enrol.title}>
        {WAYS.map((name) => (
          <button key={name} type="button" aria-pressed={way === name} onClick={() => setWay(name)}>
            <Icon name={icons[name]} />
            {enrol.ways[name]}
          </button>
        ))}
      </div>
      {way === 'pictures' && (
        <Drop
          onFiles={(files) => void add(files.map((file) => ({ name: file.name, picture: file })))}
        />
      )}
      {way === 'webcam' && (
        <Webcam onPicture={(picture) => void add([{ name: enrol.ways.webcam, picture }])} />
      )}
      {way === 'door' && (
        <AtDoor onTake={() => void add([{ name: enrol.ways.door, picture: 'door' }])} />
      )}
      <Attempts attempts={attempts} onForce={(attempt) => void force(attempt)} />
    </div>
  )
}
