import { byId, element, icon } from './element.js'
import { sentence, states, words } from './words.js'

function item(name, label, value, details = {}) {
  const { state, title, numeric, note } = details
  return element(
    'div',
    { data: state === undefined ? {} : { state }, title },
    element('dt', {}, icon(state === 'degraded' || state === 'stopped' ? 'warning' : name), label),
    element('dd', numeric ? { class: 'num' } : {}, value),
    ...(note === undefined ? [] : [element('dd', { class: 'note' }, note)]),
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

function thresholdItem(threshold, thresholds) {
  if (threshold === null) {
    return item('threshold', words.threshold, words.noThreshold, { state: 'degraded' })
  }
  const value = `${threshold.value.toFixed(3)} · ${words.targetFpir(threshold.targetFpir)}`
  const { identification, verification } = thresholds ?? {}
  const { expectedFpir, expectedFnir } = identification ?? {}
  const known = expectedFpir && expectedFnir
  return item('threshold', words.threshold, value, {
    numeric: true,
    note: known ? words.expectedRates(expectedFpir, expectedFnir) : undefined,
    title: known
      ? [
          words.expectedFpir(expectedFpir),
          words.expectedFnir(expectedFnir),
          words.verificationThreshold(verification.threshold),
          ...identification.reasons.map(sentence),
        ].join('\n')
      : undefined,
  })
}

/** The line that tells how camera, broker, models, K and τ stand. */
export function showSystem() {
  const list = byId('system')
  const notices = byId('system-notices')
  let health
  let thresholds
  let shown = ''

  function show() {
    const { camera, broker, line, models, gallery, threshold } = health
    const key = JSON.stringify([camera, broker, line, models, gallery, threshold, thresholds])
    if (key === shown) return
    shown = key
    const rate = camera.state.framesPerSecond
    const unsupported = threshold !== null && thresholds?.identification.supported === false
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
      thresholdItem(threshold, thresholds),
    )
    notices.replaceChildren(
      ...(camera.state.name === 'degraded' ? [notice(words.camera, camera.state)] : []),
      ...(broker.state.name === 'degraded' ? [notice(words.broker, broker.state)] : []),
      ...(line?.name === 'degraded' ? [notice(words.line, line)] : []),
      ...(unsupported
        ? [
            notice(words.threshold, {
              cause: words.unsupported,
              cure: thresholds.identification.reasons.map(sentence).join(' '),
            }),
          ]
        : []),
    )
  }

  return {
    update(now) {
      health = now
      show()
    },
    /** What the thresholds in force cost; `undefined` when it is not known. */
    thresholds(now) {
      thresholds = now
      show()
    },
  }
}
