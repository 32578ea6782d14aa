import { useState } from 'preact/hooks'

import type { Decision } from '../../../decision/decision.js'
import { formatMoment, formatWhen } from '../format.js'
import { decisions } from '../resources.js'
import { hrefOf } from '../route.js'
import { isEnroller } from '../session.js'
import { words } from '../words.js'
import { ConfirmDialog } from './dialog.js'
import { Icon } from './icon.js'

/** Distance of the probe on a line up to τ and some way beyond. */
function Gauge({ distanceSq, threshold }: { distanceSq: number; threshold: number }) {
  const end = Math.max(threshold * 2, 0.1)
  const x = (value: number) => 96 * Math.min(1, Math.max(0, value / end))
  const line = (name: string, to: number) => <line class={name} x1={0} x2={to} y1={10} y2={10} />
  return (
    <svg viewBox="0 0 96 20" aria-hidden="true">
      {line('scale', 96)}
      {line('near', x(threshold))}
      <line class="tau" x1={x(threshold)} x2={x(threshold)} y1={3} y2={17} />
      <circle class="probe" cx={x(distanceSq)} cy={10} r={4.5} />
    </svg>
  )
}

function Distance({ match }: { readonly match: Decision['match'] }) {
  if (match === null) return <span class="distance soft">{words.value.decisions.notCompared}</span>
  const { distanceSq, threshold } = match
  return (
    <span class="distance num">
      <Gauge distanceSq={distanceSq} threshold={threshold} />
      {distanceSq.toFixed(3)} {distanceSq <= threshold ? '≤' : '>'} {threshold.toFixed(3)}
    </span>
  )
}

function Fact({ label, value }: { readonly label: string; readonly value: string }) {
  return (
    <div>
      <dt>{label}</dt>
      <dd class="num">{value}</dd>
    </div>
  )
}

function Details({ decision }: { readonly decision: Decision }) {
  const [asking, setAsking] = useState(false)
  const [noted, setNoted] = useState(false)
  const { decisions: text, common } = words.value
  const { attempt, match, liveness, models, latencyMs, id, decidedAt } = decision
  return (
    <div class="decision-details">
      {decision.outcome === 'denied' && (
        <p>
          {words.value.reasonNotes[decision.reason]}{' '}
          <span class="soft" lang="en">
            {decision.detail}
          </span>
        </p>
      )}
      <dl class="facts">
        {match !== null && (
          <>
            <Fact label={text.distance} value={match.distanceSq.toFixed(4)} />
            <Fact label={text.runnerUp} value={match.runnerUpDistanceSq?.toFixed(4) ?? '–'} />
            <Fact label={text.threshold} value={match.threshold.toFixed(4)} />
            <Fact label={text.galleryPersons} value={String(match.galleryPersons)} />
          </>
        )}
        <Fact label={text.texture} value={liveness.texture?.toFixed(3) ?? '–'} />
        <Fact label={text.frames} value={String(attempt.frames)} />
        <Fact label={text.duration} value={`${(attempt.durationMs / 1000).toFixed(1)} s`} />
        <Fact label={text.latency} value={`${Math.round(latencyMs)} ms`} />
      </dl>
      <p class="soft small">
        {text.id} <code>{id}</code> · {formatMoment(decidedAt)} · {text.models}{' '}
        {Object.values(models).join(', ')}
      </p>
      {decision.outcome === 'granted' && (
        <div class="row-buttons">
          <a class="button" href={hrefOf('people', decision.person.id)}>
            <Icon name="people" />
            {decision.person.name}
          </a>
          {isEnroller.value && !noted && (
            <button type="button" onClick={() => setAsking(true)}>
              <Icon name="mistaken" />
              {text.notThisPerson}
            </button>
          )}
          {noted && <span class="done">{text.notThisPersonDone}</span>}
        </div>
      )}
      {asking && decision.outcome === 'granted' && (
        <ConfirmDialog
          title={text.notThisPersonTitle(decision.person.name)}
          text={text.notThisPersonText}
          confirm={text.notThisPerson}
          keep={common.cancel}
          onConfirm={async () => {
            await decisions.notThisPerson(id)
            setNoted(true)
          }}
          onClose={() => setAsking(false)}
        />
      )}
    </div>
  )
}

/** One decision as a line that opens to all that is known of it. */
export function DecisionRow({ decision, brief = false }: { decision: Decision; brief?: boolean }) {
  const [open, setOpen] = useState(false)
  const { outcome, decidedAt, match, liveness, id } = decision
  const { outcome: outcomes, reasons, decisions: text } = words.value
  const what = decision.outcome === 'granted' ? decision.person.name : reasons[decision.reason]
  const cells = (
    <>
      <time class="row-time num" dateTime={decidedAt}>
        {formatWhen(decidedAt)}
      </time>
      <span class="row-outcome">
        <Icon name={outcome} />
        {outcomes[outcome]}
      </span>
      <span class="row-what">{what}</span>
      {!brief && (
        <>
          <Distance match={match} />
          <span class="row-life">{text.lifeEvents(liveness.lifeEvents)}</span>
        </>
      )}
    </>
  )
  return (
    <li class={brief ? 'brief' : ''} data-outcome={outcome} data-id={id}>
      {brief ? (
        <div class="row-line">{cells}</div>
      ) : (
        <button class="row-line" type="button" aria-expanded={open} onClick={() => setOpen(!open)}>
          {cells}
        </button>
      )}
      {open && <Details decision={decision} />}
    </li>
  )
}
