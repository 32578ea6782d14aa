import { formatBytes, formatCount, formatMoment } from '../format.js'
import { BrowserChoices } from '../frame.js'
import { Icon } from '../parts/icon.js'
import { Panel } from '../parts/panel.js'
import { StatusNotices } from '../parts/status-notices.js'
import { door, isAdmin } from '../session.js'
import { words } from '../words.js'
import { BackupPanel } from './backup.js'
import { RetentionPanel, SettingsPanel } from './settings.js'

function HealthPanel() {
  const health = door.health.value
  const { system: text, status, common } = words.value
  if (health === undefined) return null
  const rate = health.camera.state.framesPerSecond
  const fact = (label: string, value: string) => (
    <div>
      <dt>{label}</dt>
      <dd>{value}</dd>
    </div>
  )
  return (
    <Panel title={text.health} note={text.running(health.version)}>
      <p class="health-state" data-status={health.status}>
        <Icon name={health.status === 'ok' ? 'granted' : 'warning'} />
        {text.statuses[health.status]}
      </p>
      <dl class="facts">
        {fact(
          status.camera,
          `${status.states[health.camera.state.name]}, ${health.camera.description}`,
        )}
        {fact(
          status.broker,
          `${status.states[health.broker.state.name]}, ${health.broker.description}`,
        )}
        {fact(text.fps, rate === undefined ? common.unknown : rate.toFixed(1))}
        {fact(
          text.temperature,
          typeof health.temperatureC !== 'number'
            ? common.unknown
            : `${health.temperatureC.toFixed(1)} °C`,
        )}
        {fact(text.started, formatMoment(health.startedAt))}
        {fact(status.people, formatCount(health.gallery.persons))}
        {fact(text.templates, formatCount(health.gallery.templates))}
        {health.store !== undefined &&
          fact(
            text.storeSize,
            text.sizeAndFree(formatBytes(health.store.bytes), formatBytes(health.store.freeBytes)),
          )}
        {health.residentMb !== undefined &&
          fact(text.memory, `${Math.round(health.residentMb)} MB`)}
      </dl>
      <h3>{text.models}</h3>
      <dl class="facts">
        {Object.entries(health.models).map(([role, id]) => (
          <div key={role}>
            <dt lang="en">{role}</dt>
            <dd>
              <code>{id}</code>
            </dd>
          </div>
        ))}
      </dl>
      {health.stages !== undefined && Object.keys(health.stages).length > 0 && (
        <>
          <h3>{text.stages}</h3>
          <p class="soft small">{text.stagesNote}</p>
          <div class="table-wrap">
            <table>
              <thead>
                <tr>
                  <th scope="col">{text.stage}</th>
                  <th scope="col">{text.median}</th>
                  <th scope="col">{text.p95}</th>
                </tr>
              </thead>
              <tbody>
                {Object.entries(health.stages).map(([name, { p50Ms, p95Ms }]) => (
                  <tr key={name}>
                    <th scope="row" lang="en">
                      {name}
                    </th>
                    <td class="num">{p50Ms.toFixed(1)} ms</td>
                    <td class="num">{p95Ms.toFixed(1)} ms</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        </>
      )}
    </Panel>
  )
}

/** How genkan itself is, and what may be set while it runs. */
export function SystemPage() {
  const { system: text } = words.value
  return (
    <>
      <StatusNotices />
      <div class="columns">
        <div class="column">
          <HealthPanel />
          <Panel title={text.appearance}>
            <BrowserChoices />
          </Panel>
          <Panel title={text.kiosk}>
            <a class="button" href="/kiosk">
              {text.openKiosk}
            </a>
          </Panel>
        </div>
        {isAdmin.value && (
          <div class="column">
            <SettingsPanel />
            <RetentionPanel />
            <BackupPanel />
          </div>
        )}
      </div>
    </>
  )
}
