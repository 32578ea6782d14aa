import type { InferenceSession } from 'onnxruntime-node'

/** How every net runs on the CPU. */
export function sessionOptions(intraOpNumThreads = 1): InferenceSession.SessionOptions {
  return {
    intraOpNumThreads,
    interOpNumThreads: 1,
    graphOptimizationLevel: 'all',
    logSeverityLevel: 4,
    // Denormal activations make the encoder seven times slower on x86.
    extra: { session: { set_denormal_as_zero: '1' } },
  }
}
