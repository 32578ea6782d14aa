import t from 'tap'
import { createMetrics } from '../src/metrics.js'
import { deniedDecision, grantedDecision } from './store/samples.js'

t.test('decisions, grants, frames and trips are counted, by label', async (t) => {
  const metrics = createMetrics()
  metrics.countDecision(deniedDecision())
  metrics.countDecision(deniedDecision())
  metrics.countDecision(grantedDecision())
  metrics.countGrant('refused')
  metrics.countTrip('clock')
  metrics.observeFrame({
    detectionMs: 4,
    qualityMs: 0,
    livenessMs: 0,
    encodingMs: 0,
    matchingMs: 0,
  })
  const text = await metrics.registry.metrics()
  t.match(text, /^genkan_decisions_total\{outcome="denied",reason="unknown"\} 2$/m)
  t.match(text, /^genkan_decisions_total\{outcome="granted",reason=""\} 1$/m)
  t.match(text, /^genkan_grants_total\{outcome="refused"\} 1$/m)
  t.match(text, /^genkan_watchdog_trips_total\{watchdog="clock"\} 1$/m)
  t.match(text, /^genkan_frames_judged_total 1$/m)
  t.match(text, /^genkan_stage_seconds_count\{stage="detection"\} 1$/m)
  t.notMatch(text, /stage="encoding"/, 'a stage that did not run is not timed')
  t.notMatch(text, /Ada/, 'no name')
})

t.test('gauges are read at each scrape', async (t) => {
  const metrics = createMetrics()
  let pending = 3
  metrics.connect({
    cameraReady: () => true,
    brokerConnected: () => false,
    outboxPending: () => pending,
    outboxOldestS: () => 1.5,
    outboxAbandoned: () => 0,
    outboxFill: () => 0.25,
    refusedMessages: () => ({ stale: 2 }),
    lockedDown: () => false,
    alarms: () => 0,
    galleryPersons: () => 7,
    galleryTemplates: () => 9,
    canGrant: () => true,
  })
  t.match(await metrics.registry.metrics(), /^genkan_outbox_pending 3$/m)
  pending = 0
  const text = await metrics.registry.metrics()
  t.match(text, /^genkan_outbox_pending 0$/m)
  t.match(text, /^genkan_broker_connected 0$/m)
  t.match(text, /^genkan_gallery_persons 7$/m)
  t.match(text, /^process_resident_memory_bytes \d+/m)
})
