import { byId, element, icon, svg } from './element.js'
import { reasons, words } from './words.js'

const KEPT_ROWS = 200

const earlier = new Intl.DateTimeFormat(undefined, {
  day: 'numeric',
  month: 'short',
  hour: 'numeric',
  minute: '2-digit',
})

/** Where the distance lies on a scale from 0 to twice τ, the threshold in the middle. */
function gauge({ distanceSq, threshold }) {
  const end = Math.max(threshold * 2, 0.001)
  const x = (value) => 96 * Math.min(1, Math.max(0, value / end))
  const line = (className, x1, x2) => svg('line', { class: className, x1, x2, y1: 10, y2: 10 })
  return svg(
    'svg',
    { viewBox: '0 0 96 20', 'aria-hidden': 'true' },
    line('scale', 0, 96),
    line('near', 0, x(threshold)),
    svg('line', { class: 'tau', x1: x(threshold), x2: x(threshold), y1: 3, y2: 17 }),
    svg('circle', { class: 'probe', cx: x(distanceSq), cy: 10, r: 4.5 }),
  )
}

function distance(match) {
  if (match === null) return element('span', { class: 'distance soft' }, words.noComparison)
  const { distanceSq, threshold } = match
  return element(
    'span',
    { class: 'distance num' },
    gauge(match),
    words.nearest(distanceSq.toFixed(3), threshold.toFixed(3), distanceSq <= threshold),
  )
}

function row(decision) {
  const { outcome, decidedAt, match, liveness } = decision
  const at = new Date(decidedAt)
  return element(
    'li',
    { data: { outcome, id: decision.id } },
    element(
      'time',
      { class: 'row-time num', datetime: decidedAt, title: at.toLocaleString() },
      at.toDateString() === new Date().toDateString()
        ? at.toLocaleTimeString()
        : earlier.format(at),
    ),
    element('span', { class: 'row-outcome' }, icon(outcome), words[outcome]),
    element(
      'span',
      { class: 'row-what', title: decision.detail },
      outcome === 'granted' ? decision.person.name : reasons[decision.reason][0],
    ),
    distance(match),
    element('span', { class: 'row-life' }, words.lifeEvents(liveness.lifeEvents)),
  )
}

/** The decisions, newest first, growing as they come. */
export function showDecisions(api, signal) {
  const list = byId('decisions')
  const more = byId('more-decisions')
  const none = byId('no-decisions')
  let cursor
  byId('legend').textContent = words.legend

  function settle() {
    none.hidden = list.children.length > 0
  }

  async function load(from) {
    const page = await api.decisions(from)
    if (signal.aborted) return
    if (from === undefined) list.replaceChildren()
    list.append(...page.items.map(row))
    cursor = page.nextCursor
    more.hidden = cursor === null
    settle()
  }

  more.addEventListener('click', () => void load(cursor).catch(() => {}), { signal })

  return {
    reload: () => void load(undefined).catch(() => {}),
    add(decision) {
      if (list.querySelector(`[data-id="${decision.id}"]`) !== null) return
      const added = row(decision)
      added.classList.add('new')
      list.prepend(added)
      if (list.children.length > KEPT_ROWS) list.lastElementChild.remove()
      settle()
    },
  }
}
