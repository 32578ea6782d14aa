import { byId, element, icon } from './element.js'
import { sentence, states, words } from './words.js'

function item(name, label, value, details = {}) {
  const { state, title, numeric } = details
  return element(
    'div',
    { data: state === undefined ? {} : { state }, title },
    element('dt', {}, icon(state === 'degraded' || state === 'stopped' ? 'warning' : name), label),
    element('dd', numeric ? { class: 'num' } : {}, value),
  )
}

function notice(label, { cause, cure }) {
  return element(
    'p',
    { class: 'notice' },
    icon('warning'),
    `${label}: ${sentence(cause)} ${sentence(cure)}`,
  )
}

/** The line that tells how camera, broker, models, K and τ stand. */
export function showSystem() {
  const list = byId('system')
  const notices = byId('system-notices')
  let shown = ''

  function update({ camera, broker, line, models, gallery, threshold }) {
    const key = JSON.stringify([camera, broker, line, models, gallery, threshold])
    if (key === shown) return
    shown = key
    const rate = camera.state.framesPerSecond
    list.replaceChildren(
      item(
        'camera',
        words.camera,
        rate === undefined
          ? states[camera.state.name]
          : `${states.ready} · ${words.framesPerSecond(Math.round(rate))}`,
        { state: camera.state.name, title: camera.description },
      ),
      item(
        'broker',
        words.broker,
        broker.waiting > 0
          ? `${states[broker.state.name]} · ${words.waitingDecisions(broker.waiting)}`
          : states[broker.state.name],
        { state: broker.state.name, title: broker.description },
      ),
      item('models', words.models, models.encoder ?? Object.values(models).join(', '), {
        title: Object.entries(models)
          .map(([role, id]) => `${role}: ${id}`)
          .join('\n'),
      }),
      item('people', words.people, String(gallery.persons), { numeric: true }),
      item(
        'threshold',
        words.threshold,
        threshold === null
          ? words.noThreshold
          : `${threshold.value.toFixed(3)} · ${words.targetFpir(threshold.targetFpir)}`,
        { numeric: threshold !== null, ...(threshold === null ? { state: 'degraded' } : {}) },
      ),
    )
    notices.replaceChildren(
      ...(camera.state.name === 'degraded' ? [notice(words.camera, camera.state)] : []),
      ...(broker.state.name === 'degraded' ? [notice(words.broker, broker.state)] : []),
      ...(line?.name === 'degraded' ? [notice(words.line, line)] : []),
    )
  }

  return { update }
}
