import { useState } from 'preact/hooks'

import { formatCount, formatRate } from '../format.js'
import { DecisionRow } from '../parts/decision-row.js'
import { Icon } from '../parts/icon.js'
import { LivePicture } from '../parts/live-picture.js'
import { OpenDoorDialog } from '../parts/open-door.js'
import { Outcome } from '../parts/outcome.js'
import { Empty, Panel } from '../parts/panel.js'
import { StatusNotices } from '../parts/status-notices.js'
import { decisions, doors as doorsHeld } from '../resources.js'
import { hrefOf } from '../route.js'
import { door, isAdmin } from '../session.js'
import { useLoad } from '../use-load.js'
import { words } from '../words.js'

const SHOWN = 8

function StatusLine() {
  const health = door.health.value
  const { status } = words.value
  if (health === undefined) return null
  const { camera, broker, gallery, threshold } = health
  const rate = camera.state.framesPerSecond
  const state = (name: keyof typeof status.states) => status.states[name]
  return (
    <dl class="status-line">
      <div data-state={camera.state.name}>
        <Icon name="camera" />
        <dt>{status.camera}</dt>
        <dd>
          {state(camera.state.name)}
          {rate !== undefined && <span> · {status.framesPerSecond(Math.round(rate))}</span>}
        </dd>
      </div>
      <div data-state={broker.state.name}>
        <Icon name="broker" />
        <dt>{status.broker}</dt>
        <dd>
          {state(broker.state.name)}
          {broker.waiting > 0 && <span> · {status.waiting(formatCount(broker.waiting))}</span>}
        </dd>
      </div>
      <div>
        <Icon name="people" />
        <dt>{status.people}</dt>
        <dd class="num">{formatCount(gallery.persons)}</dd>
      </div>
      <div data-state={threshold === null ? 'degraded' : undefined}>
        <Icon name="threshold" />
        <dt>{status.threshold}</dt>
        {threshold === null ? (
          <dd>{status.noThreshold}</dd>
        ) : (
          <dd class="num">
            {threshold.value.toFixed(3)}
            <small class="soft">{status.targetFpir(formatRate(threshold.targetFpir))}</small>
          </dd>
        )}
      </div>
    </dl>
  )
}

/** The newest decisions: what the list held when the page was opened, and what came since. */
export function useRecentDecisions(limit: number) {
  const { data } = useLoad(
    async (signal) => (await decisions.list({}, { limit }, signal)).items,
    door.connected.value,
  )
  const fresh = door.decisions.value
  const known = new Set(fresh.map(({ id }) => id))
  return data === undefined && fresh.length === 0
    ? undefined
    : [...fresh, ...(data ?? []).filter(({ id }) => !known.has(id))].slice(0, limit)
}

/** The door as it is now. */
export function LivePage() {
  const [opening, setOpening] = useState(false)
  const { live, doors } = words.value
  const recent = useRecentDecisions(SHOWN)
  const held = useLoad((signal) => doorsHeld.list(signal))
  const opensItself = held.data?.some(({ actuator }) => actuator !== 'none') === true
  return (
    <>
      <StatusNotices />
      <div class="live-grid">
        <section class="door" aria-label={live.title}>
          <Outcome />
          <LivePicture />
        </section>
        <div class="live-side">
          <StatusLine />
          <Panel
            title={live.recent}
            actions={<a href={hrefOf('decisions')}>{live.allDecisions}</a>}
            class="recent"
          >
            {recent !== undefined && recent.length === 0 && (
              <Empty icon="decisions">{live.none}</Empty>
            )}
            <ol class="rows">
              {recent?.map((decision) => (
                <DecisionRow key={decision.id} decision={decision} brief />
              ))}
            </ol>
          </Panel>
          {isAdmin.value && opensItself && (
            <button type="button" class="open-door" onClick={() => setOpening(true)}>
              <Icon name="door-open" />
              {doors.openNow}
            </button>
          )}
        </div>
      </div>
      {opening && <OpenDoorDialog onClose={() => setOpening(false)} />}
    </>
  )
}
