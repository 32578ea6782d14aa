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

/** A rate of 0 has no place on a logarithmic scale. */
const positive = (rate: number) => (rate > 0 ? rate : null)

function Curves({ curves, now }: { readonly curves: ThresholdCurves; readonly now: Thresholds }) {
  const { threshold: text } = words.value
  const { byThreshold, byPersons } = curves
  return (
    <>
      <Panel title={text.byTau} note={text.byTauNote}>
        <Plot
          label={text.byTau}
          data={[
            byThreshold.map(({ threshold }) => threshold),
            byThreshold.map(({ fmr }) => positive(fmr.estimate)),
            byThreshold.map(({ fnmr }) => positive(fnmr.estimate)),
          ]}
          series={[
            { label: text.fmr, colour: '--shu' },
            { label: text.fnmr, colour: '--ai', dash: [8, 5] },
          ]}
          xLabel={text.axisTau}
          yLog
          formatY={formatRate}
          mark={now.identification.threshold}
        />
      </Panel>
      <div class="columns">
        <Panel title={text.byK} note={text.byKNote}>
          <Plot
            label={text.byK}
            data={[
              byPersons.map(({ persons }) => persons),
              byPersons.map(({ expectedFpir }) => positive(expectedFpir.estimate)),
              byPersons.map(({ expectedFnir }) => positive(expectedFnir.estimate)),
            ]}
            series={[
              { label: text.fpir, colour: '--shu' },
              { label: text.fnir, colour: '--ai', dash: [8, 5] },
            ]}
            xLabel={text.axisK}
            xLog
            yLog
            formatY={formatRate}
            mark={Math.max(1, now.identification.persons)}
          />
        </Panel>
        <Panel title={text.tauByK}>
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
