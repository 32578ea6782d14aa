import { setImmediate as turn } from 'node:timers/promises'

import type { ThresholdCurves } from './admin/ports/recognition.js'
import type { Recognition } from './recognition.js'

/** From where nobody is recognised to where everybody looks alike, squared L2. */
const THRESHOLDS = Array.from({ length: 45 }, (_, index) => 0.2 + index * 0.05)
const GALLERIES = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 50_000, 100_000]

type Curves = Pick<Recognition, 'gallery' | 'thresholdFor' | 'costOf'>

/**
 * Points of what other thresholds and other galleries would cost. Each takes milliseconds, so the door
 * goes on between them.
 * @returns `undefined` without a calibration
 */
export async function readThresholdCurves(
  recognition: Curves,
): Promise<ThresholdCurves | undefined> {
  const { personCount: persons, templateCount: templates } = recognition.gallery
  const byThreshold: ThresholdCurves['byThreshold'][number][] = []
  for (const threshold of THRESHOLDS) {
    const one = recognition.costOf(threshold, { persons: 1 })
    const all = recognition.costOf(threshold, { persons, templates })
    if (one === undefined || all === undefined) return undefined
    const { expectedFpir: fmr, expectedFnir: fnmr } = one
    byThreshold.push({ threshold, fmr, fnmr, fpir: all.expectedFpir })
    await turn()
  }
  const sizes = [...new Set([...GALLERIES, Math.max(1, persons)])].sort((a, b) => a - b)
  const byPersons: ThresholdCurves['byPersons'][number][] = []
  for (const size of sizes) {
    const advice = recognition.thresholdFor(size)?.advice
    if (advice === undefined) return undefined
    const { threshold, expectedFpir, expectedFnir, supported } = advice
    byPersons.push({ persons: size, threshold, expectedFpir, expectedFnir, supported })
    await turn()
  }
  return { persons, templates, byThreshold, byPersons }
}

/** {@link readThresholdCurves}, read anew only when the gallery or the target has changed. */
export function createThresholdCurves(
  recognition: Curves & Pick<Recognition, 'threshold'>,
): () => Promise<ThresholdCurves | undefined> {
  let known: { key: string; curves: Promise<ThresholdCurves | undefined> } | undefined
  return () => {
    const { personCount, templateCount } = recognition.gallery
    const key = `${personCount}/${templateCount}/${recognition.threshold()?.targetFpir}`
    if (known?.key !== key) known = { key, curves: readThresholdCurves(recognition) }
    return known.curves
  }
}
