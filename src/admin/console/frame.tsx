import type { ComponentType } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'

import { THEMES, theme } from './appearance.js'
import { Icon } from './parts/icon.js'
import type { IconName } from './parts/icon.js'
import { PAGES, hrefOf, route } from './route.js'
import type { PageName } from './route.js'
import { door, may, signOut } from './session.js'
import type { Me } from './session.js'
import { LANGUAGES, LANGUAGE_NAMES, chooseLanguage, language, words } from './words.js'
import { AuditPage } from './views/audit.js'
import { DecisionsPage } from './views/decisions.js'
import { DoorsPage } from './views/doors.js'
import { LivePage } from './views/live.js'
import { LivenessPage } from './views/liveness.js'
import { PeoplePage } from './views/people.js'
import { StylePage } from './views/style.js'
import { SystemPage } from './views/system.js'
import { ThresholdPage } from './views/threshold.js'
import { TokensPage } from './views/tokens.js'

interface PageKind {
  readonly icon: IconName
  readonly role: 'viewer' | 'enroller' | 'admin'
  readonly view: ComponentType
}

const KINDS: Readonly<Record<PageName, PageKind>> = {
  live: { icon: 'eye', role: 'viewer', view: LivePage },
  people: { icon: 'people', role: 'viewer', view: PeoplePage },
  decisions: { icon: 'decisions', role: 'viewer', view: DecisionsPage },
  doors: { icon: 'door-shut', role: 'viewer', view: DoorsPage },
  threshold: { icon: 'threshold', role: 'viewer', view: ThresholdPage },
  liveness: { icon: 'liveness', role: 'viewer', view: LivenessPage },
  style: { icon: 'brush', role: 'enroller', view: StylePage },
  tokens: { icon: 'tokens', role: 'admin', view: TokensPage },
  audit: { icon: 'audit', role: 'admin', view: AuditPage },
  system: { icon: 'system', role: 'viewer', view: SystemPage },
}

/** How many pages the bar at the bottom of a phone has room for, besides "more". */
const BAR_PAGES = 4

function Connection() {
  const is = door.connected.value === true
  return (
    <p class="connection" role="status" data-connected={String(is)}>
      <Icon name={is ? 'live' : 'offline'} />
      <span>{is ? words.value.frame.connected : words.value.frame.connecting}</span>
    </p>
  )
}

function PageLink({ page }: { readonly page: PageName }) {
  const current = route.value.page === page
  return (
    <a href={hrefOf(page)} aria-current={current ? 'page' : undefined}>
      <Icon name={KINDS[page].icon} />
      <span>{words.value.pages[page]}</span>
    </a>
  )
}

/** Language and appearance of this browser. */
export function BrowserChoices() {
  const { frame } = words.value
  const looks = { system: 'half', light: 'sun', dark: 'moon' } as const
  const next = THEMES[(THEMES.indexOf(theme.value) + 1) % THEMES.length] ?? 'system'
  const label = `${frame.theme}: ${frame.themes[theme.value]}`
  return (
    <div class="choices">
      <select
        aria-label={frame.language}
        value={language.value}
        onChange={(event) => {
          const chosen = LANGUAGES.find((known) => known === event.currentTarget.value)
          if (chosen !== undefined) chooseLanguage(chosen)
        }}
      >
        {LANGUAGES.map((known) => (
          <option key={known} value={known} lang={known}>
            {LANGUAGE_NAMES[known]}
          </option>
        ))}
      </select>
      <button
        class="icon-only"
        type="button"
        aria-label={label}
        title={label}
        onClick={() => (theme.value = next)}
      >
        <Icon name={looks[theme.value]} />
      </button>
    </div>
  )
}

/** On a phone: the pages that the bar has no room for, and what the lintel leaves out. */
function MoreMenu({ pages, me }: { readonly pages: readonly PageName[]; readonly me: Me }) {
  const [open, setOpen] = useState(false)
  const { frame, roles } = words.value
  useEffect(() => setOpen(false), [route.value])
  useEffect(() => {
    if (!open) return
    const close = (event: KeyboardEvent) => {
      if (event.key === 'Escape') setOpen(false)
    }
    addEventListener('keydown', close)
    return () => removeEventListener('keydown', close)
  }, [open])
  const inMenu = pages.includes(route.value.page)
  return (
    <div class="more-menu">
      <button
        type="button"
        aria-expanded={open}
        aria-controls="more-pages"
        data-current={String(inMenu)}
        onClick={() => setOpen(!open)}
      >
        <Icon name="more" />
        <span>{frame.more}</span>
      </button>
      <div class="more-pages" id="more-pages" hidden={!open}>
        {pages.map((page) => (
          <PageLink key={page} page={page} />
        ))}
        <a href="/docs">
          <Icon name="models" />
          <span>{frame.api}</span>
        </a>
        <div class="more-foot">
          <BrowserChoices />
          <SignOut me={frame.signedInAs(me.name, roles[me.role])} />
        </div>
      </div>
    </div>
  )
}

function SignOut({ me }: { readonly me: string }) {
  return (
    <button class="quiet" type="button" title={me} onClick={() => void signOut()}>
      <Icon name="out" />
      <span>{words.value.frame.signOut}</span>
    </button>
  )
}

/** The lintel, the menu, and the page that the address names. */
export function ConsoleFrame({ me }: { readonly me: Me }) {
  const { page, detail } = route.value
  const { frame, pages: names, roles, common } = words.value
  const allowed = PAGES.filter((name) => may(KINDS[name].role))
  const main = useRef<HTMLElement>(null)
  const shownPage = useRef(page)
  const doorName = door.health.value?.door

  useEffect(() => {
    document.title = [names[page], doorName, 'genkan'].filter(Boolean).join(' · ')
  }, [page, doorName, names])

  useEffect(() => {
    if (shownPage.current !== page) {
      main.current?.focus({ preventScroll: true })
      scrollTo(0, 0)
    }
    shownPage.current = page
  }, [page, detail])

  const View = KINDS[page].view
  return (
    <>
      <a
        class="skip"
        href="#main"
        onClick={(event) => {
          event.preventDefault()
          main.current?.focus()
        }}
      >
        {frame.skip}
      </a>
      <header class="lintel">
        <div class="lintel-inner">
          <span class="mark" aria-hidden="true"></span>
          <p class="wordmark">genkan</p>
          {doorName !== undefined && <p class="door-name">{doorName}</p>}
          <Connection />
          <div class="lintel-side">
            <BrowserChoices />
            <a href="/docs">{frame.api}</a>
            <SignOut me={frame.signedInAs(me.name, roles[me.role])} />
          </div>
        </div>
      </header>
      <div class="house">
        <nav class="rail" aria-label={frame.pages}>
          {allowed.map((name) => (
            <PageLink key={name} page={name} />
          ))}
        </nav>
        <main class="hall" id="main" tabIndex={-1} ref={main} data-page={page}>
          <h1 class={page === 'live' ? 'unseen' : 'page-title'}>{names[page]}</h1>
          {allowed.includes(page) ? <View key={page} /> : <p>{common.notAllowed}</p>}
        </main>
      </div>
      <nav class="bar" aria-label={frame.menu}>
        {allowed.slice(0, BAR_PAGES).map((name) => (
          <PageLink key={name} page={name} />
        ))}
        <MoreMenu pages={allowed.slice(BAR_PAGES)} me={me} />
      </nav>
    </>
  )
}
