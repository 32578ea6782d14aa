import { effect, signal } from '@preact/signals'
import { render } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'

import { ApiProblem, createApi } from '../console/api.js'
import type { Api } from '../console/api.js'
import { createDoorView } from '../console/door-view.js'
import { firstLetter } from '../console/format.js'
import { pollPictures } from '../console/parts/poll-pictures.js'
import { LANGUAGES, language, words } from '../console/words.js'
import { IdleScene, NoticeDrawing, OutcomeDrawing, PromptDrawing } from './drawing.js'
import type { Notice } from './drawing.js'
import { playOutcome, soundIsBlocked, unblockSound } from './sound.js'
import { kioskToken } from './token.js'

/** What the API says of how the display should be. */
interface KioskSettings {
  readonly nameOnKiosk?: 'full' | 'masked' | 'none'
  readonly kioskLanguage?: string
  readonly kioskSound?: boolean
  /** How long somebody waits after a denial. */
  readonly cooldownMs?: number
}

const OUTCOME_SHOWN_MS = 6_000
const FACE_LASTS_MS = 2_500
const TICK_MS = 250
const DEFAULT_COOLDOWN_MS = 3_000
const SETTINGS_EVERY_MS = 60_000
const IDLE_PICTURE_EVERY_MS = 600_000

const door = createDoorView()
const settings = signal<KioskSettings>({})
const idlePicture = signal<string | undefined>(undefined)
const refused = signal(false)
const now = signal(performance.now())

/** How much of a name the people behind may read. */
function shownName(name: string): string | undefined {
  switch (settings.value.nameOnKiosk ?? 'masked') {
    case 'full':
      return name
    case 'masked':
      return `${firstLetter(name)}…`
    case 'none':
      return undefined
  }
}

/** A text by code, where the code may be newer than this page. */
function said(texts: Readonly<Partial<Record<string, string>>>, code: string): string | undefined {
  return texts[code]
}

function Preview({ api }: { readonly api: Api }) {
  const canvas = useRef<HTMLCanvasElement>(null)
  const [any, setAny] = useState(false)
  useEffect(() => {
    const watching = new AbortController()
    const show = (bitmap: ImageBitmap | undefined) => {
      const place = canvas.current
      setAny(bitmap !== undefined)
      if (place === null || bitmap === undefined) return
      place.width = bitmap.width
      place.height = bitmap.height
      place.getContext('2d')?.drawImage(bitmap, 0, 0)
    }
    void pollPictures(api, show, watching.signal, '/api/kiosk/live.jpg')
    return () => watching.abort()
  }, [])
  return (
    <div class="preview" data-shown={String(any)}>
      <canvas ref={canvas} role="img" aria-label={words.value.kiosk.preview} />
      <svg class="oval" viewBox="0 0 100 130" aria-hidden="true">
        <ellipse cx="50" cy="65" rx="47" ry="62" />
      </svg>
    </div>
  )
}

type Scene =
  | {
      readonly kind: 'notice'
      readonly title: string
      readonly note: string
      readonly drawing?: Notice
    }
  | { readonly kind: 'idle' }
  | { readonly kind: 'judging'; readonly code: string; readonly title: string }
  | {
      readonly kind: 'task'
      readonly code: string
      readonly title: string
      readonly step?: { readonly at: number; readonly of: number; readonly leftMs: number }
    }
  | {
      readonly kind: 'outcome'
      readonly outcome: 'granted' | 'denied'
      readonly title: string
      readonly note: string | undefined
      readonly waitMs: number
    }

function describeOutcome(): Scene | undefined {
  const latest = door.latest.value
  if (latest === undefined || now.value - latest.atMs > OUTCOME_SHOWN_MS) return undefined
  const { kiosk } = words.value
  const { decision, atMs } = latest
  if (decision.outcome === 'granted') {
    const name = shownName(decision.person.name)
    return {
      kind: 'outcome',
      outcome: 'granted',
      title: kiosk.granted,
      note: name === undefined ? undefined : kiosk.grantedTo(name),
      waitMs: 0,
    }
  }
  return {
    kind: 'outcome',
    outcome: 'denied',
    title: kiosk.reasons[decision.reason],
    note: kiosk.advice[decision.reason],
    waitMs: (settings.value.cooldownMs ?? DEFAULT_COOLDOWN_MS) - (now.value - atMs),
  }
}

/** Where a prompt's drawing shows more than a face that looks. */
const DRAWING_OF_PROMPT: Readonly<Partial<Record<string, string>>> = {
  'please-blink-or-say-your-name': 'blink',
  'please-take-off-cap-dark-glasses-or-scarf-and-blink': 'blink',
  'please-come-closer': 'closer',
}

function describeTask(): Scene | undefined {
  const { kiosk } = words.value
  const challenge = door.challenge.value
  const step = challenge?.steps[challenge.at]
  if (challenge !== null && step !== undefined) {
    return {
      kind: 'task',
      code: step,
      title: said(kiosk.prompts, step) ?? step,
      step: {
        at: challenge.at + 1,
        of: challenge.steps.length,
        leftMs: Math.max(0, challenge.remainingMs - (now.value - challenge.atMs)),
      },
    }
  }
  const prompt = door.prompt.value
  if (prompt === null) return undefined
  const title = said(kiosk.asked, prompt.code) ?? prompt.text
  return { kind: 'task', code: DRAWING_OF_PROMPT[prompt.code] ?? 'look', title }
}

function describeScene(): Scene {
  const { kiosk } = words.value
  if (refused.value) return { kind: 'notice', title: kiosk.refused, note: kiosk.noTokenNote }
  if (door.connected.value === undefined) {
    return { kind: 'notice', title: kiosk.connecting, note: '' }
  }
  if (!door.connected.value) {
    return { kind: 'notice', title: kiosk.offline, note: kiosk.offlineNote, drawing: 'offline' }
  }
  const outcome = describeOutcome()
  if (outcome !== undefined) return outcome
  const health = door.health.value
  if (health?.lockedDown === true) {
    return { kind: 'notice', title: kiosk.lockdown, note: kiosk.lockdownNote, drawing: 'lock' }
  }
  if (health !== undefined && health.camera.state.name !== 'ready') {
    return { kind: 'notice', title: kiosk.blind, note: kiosk.blindNote, drawing: 'blind' }
  }
  const seen = door.seen.value
  const face = seen?.faces[0]
  if (seen === undefined || face === undefined || now.value - seen.atMs > FACE_LASTS_MS) {
    return { kind: 'idle' }
  }
  const task = describeTask()
  if (task !== undefined) return task
  const fault = face.quality === 'good' ? null : face.quality
  if (fault === null) return { kind: 'judging', code: 'look', title: kiosk.judging }
  return {
    kind: 'judging',
    code: fault === 'too-small' ? 'closer' : 'look',
    title: said(kiosk.faults, fault) ?? kiosk.lookHere,
  }
}

function Clock() {
  const time = new Date(Date.now() + 0 * now.value)
  const locale = language.value === 'ja' ? 'ja-JP' : 'en-GB'
  return (
    <div class="clock">
      <time class="clock-time">
        {time.toLocaleTimeString(locale, { hour: '2-digit', minute: '2-digit' })}
      </time>
      <span>
        {time.toLocaleDateString(locale, { weekday: 'long', day: 'numeric', month: 'long' })}
      </span>
    </div>
  )
}

function Idle() {
  const { kiosk } = words.value
  return (
    <div class="idle">
      {idlePicture.value === undefined ? (
        <IdleScene />
      ) : (
        <img
          class="idle-picture"
          src={idlePicture.value}
          alt=""
          onError={() => (idlePicture.value = undefined)}
        />
      )}
      <div class="idle-words">
        <Clock />
        <p class="welcome">{kiosk.welcome}</p>
        <p class="invite">{kiosk.lookHere}</p>
      </div>
    </div>
  )
}

function Message({ scene }: { readonly scene: Exclude<Scene, { kind: 'idle' }> }) {
  const { kiosk } = words.value
  switch (scene.kind) {
    case 'notice':
      return (
        <>
          {scene.drawing !== undefined && <NoticeDrawing notice={scene.drawing} />}
          <h1>{scene.title}</h1>
          <p>{scene.note}</p>
        </>
      )
    case 'judging':
      return (
        <>
          <PromptDrawing code={scene.code} />
          <h1>{scene.title}</h1>
        </>
      )
    case 'task':
      return (
        <>
          <PromptDrawing code={scene.code} />
          <h1>{scene.title}</h1>
          {scene.step !== undefined && (
            <p class="step">
              <span>{kiosk.step(scene.step.at, scene.step.of)}</span>
              <span>{kiosk.timeLeft(Math.ceil(scene.step.leftMs / 1000))}</span>
            </p>
          )}
        </>
      )
    case 'outcome':
      return (
        <>
          <OutcomeDrawing outcome={scene.outcome} />
          <h1>{scene.title}</h1>
          {scene.note !== undefined && <p>{scene.note}</p>}
          {scene.waitMs > 0 && <p class="step">{kiosk.wait(Math.ceil(scene.waitMs / 1000))}</p>}
        </>
      )
  }
}

function SoundButton() {
  const [blocked, setBlocked] = useState(soundIsBlocked())
  if (!blocked || settings.value.kioskSound === false) return null
  return (
    <button
      class="sound"
      type="button"
      onClick={() => void unblockSound().then(() => setBlocked(soundIsBlocked()))}
    >
      {words.value.kiosk.soundOn}
    </button>
  )
}

function Kiosk({ api }: { readonly api: Api | undefined }) {
  const { kiosk } = words.value
  if (api === undefined) {
    return (
      <main class="kiosk" data-scene="notice">
        <div class="message" role="status">
          <Message scene={{ kind: 'notice', title: kiosk.noToken, note: kiosk.noTokenNote }} />
        </div>
      </main>
    )
  }
  const scene = describeScene()
  const outcome = scene.kind === 'outcome' ? scene.outcome : undefined
  return (
    <main class="kiosk" data-scene={scene.kind} data-outcome={outcome}>
      <h1 class="unseen">{kiosk.title}</h1>
      {scene.kind === 'idle' ? <Idle /> : scene.kind !== 'notice' && <Preview api={api} />}
      <div class="message" role="status" aria-live="assertive">
        {scene.kind !== 'idle' && <Message scene={scene} />}
      </div>
      <SoundButton />
    </main>
  )
}

async function loadSettings(api: Api): Promise<void> {
  const loaded = await api.json<KioskSettings>('/api/kiosk/settings')
  settings.value = loaded
  const known = LANGUAGES.find((one) => one === loaded.kioskLanguage)
  if (known !== undefined) language.value = known
}

async function loadIdlePicture(api: Api): Promise<void> {
  const response = await api.ask('/api/kiosk/idle.jpg')
  const former = idlePicture.value
  idlePicture.value = URL.createObjectURL(await response.blob())
  if (former !== undefined) URL.revokeObjectURL(former)
}

/** Neither is needed to stand at the door: what fails is asked for again later. */
function quietly(work: Promise<void>): void {
  work.catch((error: unknown) => {
    if (!(error instanceof ApiProblem)) throw error
  })
}

/** Asked without being followed: a setting that changes is no reason to sound again. */
const sounds = () => settings.peek().kioskSound !== false

function start(api: Api): void {
  void door.follow(api, new AbortController().signal).then(() => {
    refused.value = true
  })
  let wasConnected = false
  effect(() => {
    const is = door.connected.value === true
    if (is && !wasConnected) {
      quietly(loadSettings(api))
      quietly(loadIdlePicture(api))
    }
    wasConnected = is
  })
  effect(() => {
    const latest = door.latest.value
    if (latest !== undefined && sounds()) playOutcome(latest.decision.outcome)
  })
  let lastTask: string | undefined
  effect(() => {
    const { value: challenge } = door.challenge
    const task = challenge?.steps[challenge.at] ?? door.prompt.value?.code
    if (task !== undefined && task !== lastTask && sounds()) playOutcome('prompt')
    lastTask = task
  })
  setInterval(() => quietly(loadSettings(api)), SETTINGS_EVERY_MS)
  setInterval(() => quietly(loadIdlePicture(api)), IDLE_PICTURE_EVERY_MS)
  setInterval(() => (now.value = performance.now()), TICK_MS)
}

const root = document.getElementById('kiosk')
if (root === null) throw new Error('the page has no place for the display')
const token = kioskToken()
const api = token === undefined ? undefined : createApi({ token })
if (api !== undefined) start(api)
render(<Kiosk api={api} />, root)
