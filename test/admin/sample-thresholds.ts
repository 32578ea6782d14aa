import type { ThresholdStanding } from '../../src/admin/ports/recognition.js'

/** Thresholds as a calibration of a few thousand people gives them for a gallery of 1,000. */
export const sampleThresholds = {
  identification: {
    value: 1.18,
    margin: 0.05,
    targetFpir: 0.001,
    advice: {
      threshold: 1.18,
      margin: 0.05,
      source: 'calibration',
      persons: 1000,
      targetFpir: 0.001,
      targetFmr: 1e-6,
      confidence: 0.95,
      expectedFpir: { estimate: 0.0004, low: 0.0001, high: 0.001 },
      expectedFnir: { estimate: 0.021, low: 0.015, high: 0.028 },
      fpirIfLabelsAreRight: 0.0009,
      trials: 1265,
      trialsNeeded: 3688,
      supported: false,
      reasons: ['the calibration is worth 1265 identifications; calibrate with more people'],
    },
  },
  verification: {
    value: 1.41,
    margin: 0,
    targetFpir: 0.001,
    advice: {
      threshold: 1.41,
      margin: 0.05,
      source: 'calibration',
      persons: 1,
      targetFpir: 0.001,
      targetFmr: 0.001,
      confidence: 0.95,
      expectedFpir: { estimate: 0.0009, low: 0.0008, high: 0.001 },
      expectedFnir: { estimate: 0.009, low: 0.006, high: 0.013 },
      fpirIfLabelsAreRight: 0.0009,
      trials: 1_265_227,
      trialsNeeded: 3688,
      supported: true,
      reasons: [],
    },
  },
} as const satisfies Record<string, ThresholdStanding>
