/** A minute of them and more. */
const KEPT_FRAMES = 1000

/** Time of the newest frames in each stage, for showing. */
export interface StageLatencies {
  /** @param stages milliseconds by name, with or without the ending `Ms` */
  observe(stages: Readonly<Record<string, number>>): void
  /** Of the frames in which the stage ran; a stage that never ran is absent. */
  read(): Readonly<Record<string, { readonly p50Ms: number; readonly p95Ms: number }>>
}

/** Nearest-rank quantile of an ascending list. */
const quantile = (sorted: Float64Array, share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? NaN

/** Keeps the newest {@link KEPT_FRAMES} times of each stage. */
export function createStageLatencies(): StageLatencies {
  const rings = new Map<string, { times: Float64Array; count: number }>()
  return {
    observe(stages) {
      for (const [name, ms] of Object.entries(stages)) {
        if (!(ms > 0)) continue
        const stage = name.replace(/Ms$/, '')
        let ring = rings.get(stage)
        if (ring === undefined) {
          ring = { times: new Float64Array(KEPT_FRAMES), count: 0 }
          rings.set(stage, ring)
        }
        ring.times[ring.count++ % KEPT_FRAMES] = ms
      }
    },
    read: () =>
      Object.fromEntries(
        [...rings].map(([stage, { times, count }]) => {
          const sorted = times.slice(0, Math.min(count, KEPT_FRAMES)).sort()
          return [stage, { p50Ms: quantile(sorted, 0.5), p95Ms: quantile(sorted, 0.95) }]
        }),
      ),
  }
}
