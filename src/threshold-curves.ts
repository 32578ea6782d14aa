import type { ThresholdCurves } from './admin/ports.js'
import type { Recognition } from './recognition.js'

/** From where nobody is recognised to where everybody looks alike, squared L2. */
const THRESHOLDS = Array.from({ length: 45 }, (_, index) => 0.2 + index * 0.05)
const GALLERIES = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 50_000, 100_000]

/**
 * Points of what other thresholds and other galleries would cost.
 * @returns `undefined` without a calibration
 */
export function readThresholdCurves(
  recognition: Pick<Recognition, 'gallery' | 'thresholdFor' | 'costOf'>,
): ThresholdCurves | undefined {
  const { personCount: persons, templateCount: templates } = recognition.gallery
  const byThreshold = THRESHOLDS.flatMap((threshold) => {
    const one = recognition.costOf(threshold, { persons: 1 })
    const all = recognition.costOf(threshold, { persons, templates })
    if (one === undefined || all === undefined) return []
    const { expectedFpir: fmr, expectedFnir: fnmr } = one
    return [{ threshold, fmr, fnmr, fpir: all.expectedFpir }]
  })
  const sizes = [...new Set([...GALLERIES, Math.max(1, persons)])].sort((a, b) => a - b)
  const byPersons = sizes.flatMap((size) => {
    const advice = recognition.thresholdFor(size)?.advice
    if (advice === undefined) return []
    const { threshold, expectedFpir, expectedFnir, supported } = advice
    return [{ persons: size, threshold, expectedFpir, expectedFnir, supported }]
  })
  if (byThreshold.length === 0 || byPersons.length === 0) return undefined
  return { persons, templates, byThreshold, byPersons }
}
