import { useEffect, useState } from 'preact/hooks'

import { formatTime } from '../format.js'
import { door } from '../session.js'
import { words } from '../words.js'
import { Icon } from './icon.js'
import type { IconName } from './icon.js'

const SHOWN_MS = 8_000

interface Shown {
  readonly kind: 'granted' | 'denied' | 'lost' | 'judging' | 'nobody'
  readonly icon: IconName
  readonly title: string
  readonly note: string
  readonly at?: string
}

function describe(): Shown {
  const { outcome, reasons, reasonNotes } = words.value
  if (door.connected.value === false) {
    return { kind: 'lost', icon: 'warning', title: outcome.lost, note: outcome.lostNote }
  }
  const latest = door.latest.value
  if (latest !== undefined && performance.now() - latest.atMs < SHOWN_MS) {
    const { decision } = latest
    const at = decision.decidedAt
    if (decision.outcome === 'granted') {
      const note = outcome.mayComeIn(decision.person.name)
      return { kind: 'granted', icon: 'door-open', title: outcome.granted, note, at }
    }
    const title = outcome.deniedBecause(reasons[decision.reason])
    return { kind: 'denied', icon: 'denied', title, note: reasonNotes[decision.reason], at }
  }
  const health = door.health.value
  if (health !== undefined && health.camera.state.name !== 'ready') {
    return { kind: 'lost', icon: 'warning', title: outcome.blind, note: outcome.blindNote }
  }
  if (health?.status === 'down') {
    return { kind: 'lost', icon: 'warning', title: outcome.down, note: outcome.downNote }
  }
  if ((door.seen.value?.faces.length ?? 0) > 0) {
    return { kind: 'judging', icon: 'looking', title: outcome.judging, note: outcome.judgingNote }
  }
  return { kind: 'nobody', icon: 'door-shut', title: outcome.nobody, note: outcome.nobodyNote }
}

/** What the door says now, large: granted, denied with the reason, looking, or nobody there. */
export function Outcome() {
  const [, tick] = useState(0)
  useEffect(() => {
    const timer = window.setInterval(() => tick((count) => count + 1), 500)
    return () => window.clearInterval(timer)
  }, [])
  const { kind, icon, title, note, at } = describe()
  return (
    <div class="outcome" role="status" aria-live="polite" data-outcome={kind}>
      <Icon name={icon} />
      <div>
        <strong>{title}</strong>
        <span>{note}</span>
      </div>
      {at !== undefined && (
        <time class="num" dateTime={at}>
          {formatTime(at)}
        </time>
      )}
    </div>
  )
}
