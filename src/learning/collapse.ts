import { applyHead, type LabelledVectors, type LinearHead } from './linear-head.js'

/** How a head can win at the triplet loss's game without telling anybody apart. */
export type Collapse =
  /** f ≡ 0: nothing comes out, so nothing has a direction. */
  | 'zero'
  /** f ≡ const: everybody looks alike, and every triplet costs exactly the margin. */
  | 'constant'
  /** Not numbers any more. */
  | 'not-finite'

/** Different people lie about 2 apart (squared L2) when the head does its work. */
const MIN_MEAN_DISTANCE_SQ = 0.2
const MIN_LENGTH = 1e-4
/** People looked at; a collapse shows in any of them. */
const SAMPLE = 64

/** Thrown by training that went astray; its message says what to change. */
export class CollapsedHeadError extends Error {
  override readonly name = 'CollapsedHeadError'
  constructor(readonly collapse: Collapse) {
    super(
      `training collapsed (${collapse}): the head does not tell people apart any more; ` +
        'choose semi-hard triplets, a lower learning rate or a larger anchoring',
    )
  }
}

/** Looks whether a head still gives different people different directions. */
export function findCollapse(
  head: LinearHead,
  { vectors, persons }: LabelledVectors,
): Collapse | undefined {
  const firstOf = new Map(persons.map((person, i) => [person, i]))
  const outputs = [...firstOf.values()].slice(0, SAMPLE).map((i) => applyHead(head, vectors[i]))
  const lengths = outputs.map((output) => Math.hypot(...output))
  if (!lengths.every(Number.isFinite)) return 'not-finite'
  if (lengths.some((length) => length < MIN_LENGTH)) return 'zero'
  let sum = 0
  let pairs = 0
  for (let a = 0; a < outputs.length; a++) {
    for (let b = 0; b < a; b++, pairs++) {
      let dot = 0
      for (let i = 0; i < outputs[a].length; i++) dot += outputs[a][i] * outputs[b][i]
      sum += 2 - (2 * dot) / (lengths[a] * lengths[b])
    }
  }
  return pairs > 0 && sum / pairs < MIN_MEAN_DISTANCE_SQ ? 'constant' : undefined
}
