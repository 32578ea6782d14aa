import { Empty, Panel } from '../parts/panel.js'
import { Plot } from '../parts/plot.js'
import type { CueSample } from '../door-view.js'
import { liveness } from '../resources.js'
import { door } from '../session.js'
import { useLoad } from '../use-load.js'
import { words } from '../words.js'
import { useRecentDecisions } from './live.js'

const COLOURS = ['--ai', '--moss', '--shu', '--kincha', '--wood', '--ink-soft']
const DASHES = [[], [8, 5], [3, 4], [12, 4, 3, 4], [2, 2], [16, 6]]
const FRESH_MS = 2_000
const SHOWN_MS = 60_000
/** A minute at five a second. */
const SHOWN_SAMPLES = 300

function cueName(name: string): string {
  const known: Readonly<Partial<Record<string, string>>> = words.value.liveness.cues
  return known[name] ?? name
}

function CuesNow() {
  const { liveness: text } = words.value
  const latest = door.cues.value.at(-1)
  const verdicts: Readonly<Partial<Record<string, string>>> = text.verdicts
  const fresh = latest !== undefined && performance.now() - latest.atMs < FRESH_MS
  return (
    <Panel title={text.now} note={text.nowNote}>
      {latest === undefined ? (
        <Empty icon="liveness">{text.quiet}</Empty>
      ) : (
        <div class="table-wrap" data-stale={String(!fresh)}>
          <table>
            <thead>
              <tr>
                <th scope="col">{text.cue}</th>
                <th scope="col">{text.verdict}</th>
                <th scope="col">{text.score}</th>
              </tr>
            </thead>
            <tbody>
              {Object.entries(latest.cues).map(([name, { verdict, score }]) => (
                <tr key={name}>
                  <th scope="row">{cueName(name)}</th>
                  <td>
                    <span class="tag" data-verdict={verdict}>
                      {verdicts[verdict] ?? verdict}
                    </span>
                  </td>
                  <td>
                    <div class="score">
                      <meter min={0} max={1} value={score ?? 0} aria-label={cueName(name)} />
                      <span class="num">{score === null ? '–' : score.toFixed(2)}</span>
                    </div>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Panel>
  )
}

/** What came before this page was opened, by this page's clock. */
async function earlierSamples(signal: AbortSignal): Promise<readonly CueSample[]> {
  const offsetMs = performance.now() - Date.now()
  const items = await liveness.scores(signal)
  return items
    .map(({ at, cues }) => ({ atMs: Date.parse(at) + offsetMs, cues }))
    .filter(({ atMs }) => performance.now() - atMs < SHOWN_MS)
}

function LastMinute() {
  const { liveness: text } = words.value
  const { data: earlier = [] } = useLoad(earlierSamples)
  const live = door.cues.value
  const beganMs = live[0]?.atMs ?? Infinity
  const samples = [...earlier.filter(({ atMs }) => atMs < beganMs), ...live].slice(-SHOWN_SAMPLES)
  if (samples.length < 2) return null
  const nowMs = samples.at(-1)?.atMs ?? 0
  const names = [...new Set(samples.flatMap(({ cues }) => Object.keys(cues)))]
  return (
    <Panel title={text.recent} note={text.recentNote}>
      <Plot
        label={text.recent}
        data={[
          samples.map(({ atMs }) => (atMs - nowMs) / 1000),
          ...names.map((name) =>
            samples.map(({ cues }) => new Map(Object.entries(cues)).get(name)?.score ?? null),
          ),
        ]}
        series={names.map((name, index) => {
          const dash = DASHES[index % DASHES.length] ?? []
          return {
            label: cueName(name),
            colour: COLOURS[index % COLOURS.length] ?? '--ink',
            ...(dash.length === 0 ? {} : { dash }),
          }
        })}
        xLabel={text.axisTime}
        yRange={[0, 1.05]}
      />
    </Panel>
  )
}

function Decided() {
  const { liveness: text } = words.value
  const recent = useRecentDecisions(60)
  const scored = (recent ?? []).filter(({ liveness }) => liveness.texture !== null).reverse()
  if (scored.length < 2) return null
  const of = (outcome: string) =>
    scored.map((decision) => (decision.outcome === outcome ? decision.liveness.texture : null))
  return (
    <Panel title={text.textureOf}>
      <Plot
        label={text.textureOf}
        data={[scored.map((_, index) => index - scored.length + 1), of('granted'), of('denied')]}
        series={[
          { label: words.value.outcome.granted, colour: '--moss', points: true },
          { label: words.value.outcome.denied, colour: '--shu', points: true },
        ]}
        xLabel={text.decided}
        yRange={[0, 1.05]}
        height={220}
      />
    </Panel>
  )
}

/** What each liveness cue says now, has said in the last minute, and how the decisions stood. */
export function LivenessPage() {
  return (
    <>
      <CuesNow />
      <LastMinute />
      <Decided />
    </>
  )
}
