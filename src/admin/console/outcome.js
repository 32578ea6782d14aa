import { byId, element, icon } from './element.js'
import { reasons, words } from './words.js'

const SHOWN_MS = 8_000

/** What the door says now, large: granted, denied with the reason, looking, or nobody there. */
export function showOutcome(signal) {
  const place = byId('outcome')
  let shown = ''
  let latest
  let latestAtMs = 0
  let faces = 0
  let connected = true
  let health

  function show(outcome, name, title, note, at) {
    const key = [outcome, title, note, at].join('|')
    if (key === shown) return
    shown = key
    place.dataset.outcome = outcome
    place.replaceChildren(
      icon(name),
      element('div', {}, element('strong', {}, title), element('span', {}, note)),
    )
    if (at === undefined) return
    const time = new Date(at)
    place.append(
      element('time', { datetime: time.toISOString(), class: 'num' }, time.toLocaleTimeString()),
    )
  }

  function render() {
    if (!connected) {
      show('lost', 'warning', words.lost, words.lostNote)
    } else if (latest !== undefined && performance.now() - latestAtMs < SHOWN_MS) {
      if (latest.outcome === 'granted') {
        const note = `${latest.person.name} ${words.mayComeIn}`
        show('granted', 'door-open', words.granted, note, latest.decidedAt)
      } else {
        const [title, note] = reasons[latest.reason]
        show('denied', 'denied', `${words.denied}: ${title.toLowerCase()}`, note, latest.decidedAt)
      }
    } else if (health !== undefined && health.camera.state.name !== 'ready') {
      show('lost', 'warning', words.blind, words.blindNote)
    } else if (health?.status === 'down') {
      show('lost', 'warning', words.down, words.downNote)
    } else if (faces > 0) {
      show('judging', 'looking', words.judging, words.judgingNote)
    } else {
      show('nobody', 'door-shut', words.nobody, words.nobodyNote)
    }
  }

  const timer = setInterval(render, 500)
  signal.addEventListener('abort', () => clearInterval(timer), { once: true })
  render()

  return {
    decided(decision) {
      latest = decision
      latestAtMs = performance.now()
      render()
    },
    faces(present) {
      faces = present.length
      render()
    },
    health(now) {
      health = now
      render()
    },
    connected(is) {
      connected = is
      if (!is) latest = undefined
      faces = is ? faces : 0
      render()
    },
  }
}
