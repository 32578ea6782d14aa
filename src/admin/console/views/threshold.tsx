import { formatCount, formatRate } from '../format.js'
import { sentence } from '../problem-text.js'
import { Notice, Panel, Problem, Waiting } from '../parts/panel.js'
import { Plot } from '../parts/plot.js'
import { thresholds } from '../resources.js'
import type { ThresholdCurves, Thresholds } from '../resources.js'
import { door } from '../session.js'
import { useLoad } from '../use-load.js'
import { words } from '../words.js'

type Rate = Thresholds['identification']['expectedFpir']

function Figure(props: { readonly label: string; readonly value: string; readonly note?: string }) {
  return (
    <div class="figure">
      <dt>{props.label}</dt>
      <dd class="figure-value num">{props.value}</dd>
      {props.note !== undefined && <dd class="soft small">{props.note}</dd>}
    </div>
  )
}

function RateFigure({ label, rate }: { readonly label: string; readonly rate: Rate }) {
  const { threshold, common } = words.value
  if (rate === null) return <Figure label={label} value={common.unknown} />
  const note = threshold.between(formatRate(rate.low), formatRate(rate.high))
  return <Figure label={label} value={formatRate(rate.estimate)} note={note} />
}

function Standings({ now }: { readonly now: Thresholds }) {
  const { threshold: text } = words.value
  const { identification: many, verification: one } = now
  const reasons = many.reasons.map(sentence).join(' ')
  return (
    <>
      <Panel title={text.identification} note={text.source[many.source]}>
        {!many.supported && (
          <Notice>
            <p>{text.unsupported}</p>
            <p lang="en">{reasons}</p>
          </Notice>
        )}
        <dl class="figures">
          <Figure label={text.tau} value={many.threshold.toFixed(3)} note={text.tauNote} />
          <Figure label={text.margin} value={many.margin.toFixed(3)} note={text.marginNote} />
          <Figure
            label={text.persons}
            value={formatCount(many.persons)}
            note={`${text.target}: ${formatRate(many.targetFpir)} FPIR`}
          />
          <RateFigure label={text.expectedFpir} rate={many.expectedFpir} />
          <RateFigure label={text.expectedFnir} rate={many.expectedFnir} />
        </dl>
        {many.supported && reasons !== '' && (
          <p class="soft small" lang="en">
            {reasons}
          </p>
        )}
      </Panel>
      <Panel title={text.verification} note={text.source[one.source]}>
        <dl class="figures">
          <Figure
            label={text.tau}
            value={one.threshold.toFixed(3)}
            note={`${text.target}: ${formatRate(one.targetFmr)} FMR`}
          />
          <RateFigure label={text.expectedFmr} rate={one.expectedFmr} />
          <RateFigure label={text.expectedFnmr} rate={one.expectedFnmr} />
        </dl>
      </Panel>
    </>
  )
}

/** What the logarithmic scale of rates shows. */
const RATES = [1e-7, 1] as const

/** A line of rates with its intervals, for a scale on which what is below has no place. */
function toLine(rates: readonly NonNullable<Rate>[]) {
  const [floor] = RATES
  return {
    estimates: rates.map(({ estimate }) => (estimate >= floor ? estimate : null)),
    interval: {
      low: rates.map(({ low }) => Math.max(low, floor)),
      high: rates.map(({ high }) => Math.max(high, floor)),
    },
  }
}

function Curves({ curves, now }: { readonly curves: ThresholdCurves; readonly now: Thresholds }) {
  const { threshold: text } = words.value
  const { byThreshold, byPersons } = curves
  const fmr = toLine(byThreshold.map((point) => point.fmr))
  const fnmr = toLine(byThreshold.map((point) => point.fnmr))
  const fpirHere = toLine(byThreshold.map((point) => point.fpir))
  const fpir = toLine(byPersons.map(({ expectedFpir }) => expectedFpir))
  const fnir = toLine(byPersons.map(({ expectedFnir }) => expectedFnir))
  return (
    <>
      <Panel title={text.byTau} note={text.byTauNote}>
        <Plot
          label={text.byTau}
          data={[
            byThreshold.map(({ threshold }) => threshold),
            fpirHere.estimates,
            fmr.estimates,
            fnmr.estimates,
          ]}
          series={[
            { label: text.fpir, colour: '--shu', interval: fpirHere.interval },
            { label: text.fmr, colour: '--moss', dash: [3, 4], interval: fmr.interval },
            { label: text.fnmr, colour: '--ai', dash: [8, 5], interval: fnmr.interval },
          ]}
          xLabel={text.axisTau}
          yLog
          yRange={RATES}
          formatY={formatRate}
          mark={now.identification.threshold}
        />
      </Panel>
      <div class="columns">
        <Panel title={text.byK} note={text.byKNote}>
          <Plot
            label={text.byK}
            data={[byPersons.map(({ persons }) => persons), fpir.estimates, fnir.estimates]}
            series={[
              { label: text.fpir, colour: '--shu', interval: fpir.interval },
              { label: text.fnir, colour: '--ai', dash: [8, 5], interval: fnir.interval },
            ]}
            xLabel={text.axisK}
            xLog
            yLog
            yRange={RATES}
            formatY={formatRate}
            mark={Math.max(1, now.identification.persons)}
          />
        </Panel>
        <Panel title={text.tauByK} note={text.tauByKNote}>
          <Plot
            label={text.tauByK}
            data={[
              byPersons.map(({ persons }) => persons),
              byPersons.map(({ threshold }) => threshold),
            ]}
            series={[{ label: text.tau, colour: '--moss' }]}
            xLabel={text.axisK}
            xLog
            mark={Math.max(1, now.identification.persons)}
          />
        </Panel>
      </div>
    </>
  )
}

/** The thresholds in force, what they cost, and what others would cost. */
export function ThresholdPage() {
  const { gallery, threshold } = door.health.value ?? {}
  const key = JSON.stringify([gallery?.persons, threshold])
  const now = useLoad(thresholds.now, key)
  const curves = useLoad(thresholds.curves, key)
  return (
    <>
      <Problem error={now.error} />
      {now.data === undefined && now.error === undefined && <Waiting />}
      {now.data !== undefined && <Standings now={now.data} />}
      {now.data !== undefined && curves.data !== undefined && (
        <Curves curves={curves.data} now={now.data} />
      )}
      <Problem error={curves.error} />
    </>
  )
}
