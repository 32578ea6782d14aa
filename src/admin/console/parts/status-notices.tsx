import { sentence } from '../problem-text.js'
import { door } from '../session.js'
import { words } from '../words.js'
import { Notice } from './panel.js'

/** The parts that need attention, each with its cause and its cure. */
export function StatusNotices() {
  const health = door.health.value
  const { status, threshold } = words.value
  if (health === undefined) return <div role="status" />
  const parts = [
    [status.camera, health.camera.state],
    [status.broker, health.broker.state],
    [status.line, health.line],
  ] as const
  const troubled = parts.filter(([, state]) => state?.name === 'degraded')
  return (
    <div role="status">
      {troubled.map(([label, state]) => (
        <Notice key={label}>
          <strong>{label}:</strong>{' '}
          <span lang="en">
            {sentence(state?.cause ?? '')} {sentence(state?.cure ?? '')}
          </span>
        </Notice>
      ))}
      {health.livenessMode === 'texture' && <Notice>{status.textureOnly}</Notice>}
      {health.threshold === null && <Notice tone="bad">{threshold.noCalibration}</Notice>}
    </div>
  )
}
