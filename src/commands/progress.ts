import { Presets, SingleBar } from 'cli-progress'

/** Reports how far a long command is; only ever on standard error, so that output stays clean. */
export interface Progress {
  readonly update: (done: number) => void
  readonly stop: () => void
}

/** A progress bar on a terminal, a line every tenth elsewhere. */
export function startProgress(label: string, total: number): Progress {
  if (process.stderr.isTTY) {
    const bar = new SingleBar(
      { format: `${label} {bar} {value}/{total} | {eta_formatted} left`, stream: process.stderr },
      Presets.shades_classic,
    )
    bar.start(total, 0)
    return { update: (done) => bar.update(done), stop: () => bar.stop() }
  }
  let tenth = 0
  return {
    update(done) {
      const reached = Math.floor((10 * done) / total)
      if (reached > tenth) {
        tenth = reached
        process.stderr.write(`${label} ${done}/${total}\n`)
      }
    },
    stop: () => undefined,
  }
}
