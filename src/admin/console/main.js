import { ApiProblem, createApi } from './api.js'
import { showDecisions } from './decisions.js'
import { byId, icon } from './element.js'
import { showLive } from './live.js'
import { showOutcome } from './outcome.js'
import { showPeople } from './people.js'
import { showSystem } from './system.js'
import { words } from './words.js'

const KEPT = 'genkan.token'
let leave = () => {}

/** Takes the token out of `#token=…`, and the fragment out of the address bar and history. */
function tokenFromAddress() {
  const token = new URLSearchParams(location.hash.slice(1)).get('token')
  if (token !== null) history.replaceState(null, '', location.pathname + location.search)
  return token
}

function showSignIn(problem = '') {
  leave()
  sessionStorage.removeItem(KEPT)
  byId('console').hidden = true
  byId('sign-in').hidden = false
  byId('sign-in-problem').textContent = problem
  byId('token').value = ''
  byId('token').focus()
}

async function signIn(token) {
  const button = byId('sign-in-form').querySelector('button')
  button.disabled = true
  try {
    const probe = createApi(token, () => {})
    enter(token, await probe.health())
  } catch (error) {
    if (!(error instanceof ApiProblem)) throw error
    showSignIn(
      error.status === 401
        ? words.wrongToken
        : error.status === 0
          ? words.unreachable
          : `${error.cause} ${error.cure}`,
    )
  } finally {
    button.disabled = false
  }
}

function enter(token, health) {
  leave()
  sessionStorage.setItem(KEPT, token)
  byId('sign-in').hidden = true
  byId('console').hidden = false

  const leaving = new AbortController()
  leave = () => leaving.abort()
  const { signal } = leaving
  const api = createApi(token, () => {
    if (!signal.aborted) showSignIn(words.signedOut)
  })

  const system = showSystem()
  const outcome = showOutcome(signal)
  const live = showLive(api, signal)
  const people = showPeople(api, signal)
  const decisions = showDecisions(api, signal)
  const connection = byId('connection')
  let persons
  let connected
  let thresholdsOf

  /** Asks anew only when K or τ has changed; a late answer to an earlier question is dropped. */
  async function loadThresholds({ gallery, threshold }) {
    const key = JSON.stringify([gallery, threshold])
    if (key === thresholdsOf) return
    thresholdsOf = key
    try {
      const now = await api.thresholds()
      if (thresholdsOf === key) system.thresholds(now)
    } catch (error) {
      if (!(error instanceof ApiProblem)) throw error
      if (thresholdsOf !== key) return
      thresholdsOf = undefined
      system.thresholds(undefined)
    }
  }

  function onHealth(now) {
    system.update(now)
    if (now.threshold === null) system.thresholds(undefined)
    else void loadThresholds(now)
    outcome.health(now)
    byId('door-name').textContent = now.door
    document.title = `${now.door} · genkan`
    if (persons !== undefined && persons !== now.gallery.persons) people.reload()
    persons = now.gallery.persons
  }

  function onConnected(is) {
    if (connected === is) return
    connected = is
    connection.replaceChildren(icon(is ? 'live' : 'offline'), is ? words.live : words.connecting)
    outcome.connected(is)
    live.connected(is)
    if (is) decisions.reload()
  }

  const handlers = {
    health: onHealth,
    decision(decision) {
      decisions.add(decision)
      outcome.decided(decision)
    },
    faces(event) {
      live.faces(event)
      outcome.faces(event.faces)
    },
    prompt: live.prompt,
  }

  onHealth(health)
  people.reload()
  connection.replaceChildren(icon('offline'), words.connecting)
  void api.follow((event, data) => handlers[event]?.(data), onConnected, signal)
}

byId('sign-in-form').addEventListener('submit', (event) => {
  event.preventDefault()
  void signIn(byId('token').value.trim())
})
byId('sign-out').addEventListener('click', () => showSignIn())
addEventListener('hashchange', () => {
  const token = tokenFromAddress()
  if (token !== null) void signIn(token)
})

const token = tokenFromAddress() ?? sessionStorage.getItem(KEPT)
if (token === null) showSignIn()
else void signIn(token)
