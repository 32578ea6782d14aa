import type { Config } from './config/schema.js'
import type { Net } from './models/session.js'
import type { ThresholdInForce } from './recognition.js'

/** τ(K) for the encoder in use. */
export function createThresholdSource(
  { threshold, targetFpir }: Config['matching'],
  _encoder: Net<'encoder'>,
): (persons: number) => ThresholdInForce | undefined {
  return () => ({ value: threshold ?? 1.1, targetFpir })
}
