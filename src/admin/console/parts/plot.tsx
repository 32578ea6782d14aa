import { useEffect, useRef } from 'preact/hooks'
import type uPlotType from 'uplot'
import uPlot from 'uplot'

import { theme } from '../appearance.js'
import { language } from '../words.js'

export interface PlotSeries {
  readonly label: string
  /** Name of a colour of the style sheet, such as `--ai`. */
  readonly colour: string
  readonly dash?: readonly number[]
  readonly points?: boolean
  /** Lower and upper end of an interval about the line, drawn as a shade. */
  readonly interval?: {
    readonly low: readonly (number | null)[]
    readonly high: readonly (number | null)[]
  }
}

export interface PlotProps {
  readonly label: string
  /** x, then one row for each series; `null` leaves a gap. */
  readonly data: readonly (readonly (number | null)[])[]
  readonly series: readonly PlotSeries[]
  readonly xLabel: string
  readonly yLabel?: string
  readonly xLog?: boolean
  readonly yLog?: boolean
  readonly yRange?: readonly [number, number]
  readonly formatY?: (value: number) => string
  /** Where on x something is in force now. */
  readonly mark?: number
  readonly height?: number
}

/** What a colour of the style sheet is in the theme that is shown. */
function colourOf(name: string, within: HTMLElement): string {
  const probe = document.createElement('span')
  probe.style.color = `var(${name})`
  within.append(probe)
  const { color } = getComputedStyle(probe)
  probe.remove()
  return color
}

/** The shade of an interval. */
const SHADE = 0.2

function fadedOf(name: string, within: HTMLElement): string {
  const [red = '0', green = '0', blue = '0'] = colourOf(name, within).match(/[\d.]+/g) ?? []
  return `rgb(${red} ${green} ${blue} / ${SHADE})`
}

const END = { class: 'plot-end', width: 0, points: { show: false } }

/** uPlot's enumeration exists in its types only. */
const LOG = { log: 10 as const, distr: 3 as unknown as uPlotType.Scale.Distr }

function optionsOf(props: PlotProps, place: HTMLElement): uPlotType.Options {
  const { series, xLabel, xLog, yLog, yRange, formatY, mark, height = 280 } = props
  const ink = colourOf('--ink-soft', place)
  const line = colourOf('--line', place)
  const font = `12px ${getComputedStyle(place).fontFamily}`
  const shaded = series.filter(({ interval }) => interval !== undefined)
  const axis = { stroke: ink, font, grid: { stroke: line, width: 1 }, ticks: { stroke: line } }
  return {
    width: Math.max(200, place.clientWidth),
    height,
    legend: { live: false },
    cursor: { y: false, drag: { x: false, y: false } },
    scales: {
      x: { time: false, ...(xLog === true ? { ...LOG } : {}) },
      y: {
        ...(yLog === true ? { ...LOG } : {}),
        ...(yRange === undefined ? {} : { range: [yRange[0], yRange[1]] }),
      },
    },
    axes: [
      { ...axis, label: xLabel, labelFont: font, labelSize: 20 },
      {
        ...axis,
        size: 64,
        ...(formatY === undefined
          ? {}
          : {
              values: (_: unknown, splits: (number | null)[]) =>
                splits.map((value) => (value === null ? '' : formatY(value))),
            }),
      },
    ],
    series: [
      {},
      ...series.map(({ label, colour, dash, points = false }) => ({
        label,
        stroke: colourOf(colour, place),
        width: points ? 0 : 2,
        points: { show: points, size: 7, fill: colourOf(colour, place) },
        ...(dash === undefined ? {} : { dash: [...dash] }),
      })),
      // The ends of the intervals: no line and no place in the legend of their own.
      ...shaded.flatMap(() => [END, END]),
    ],
    bands: shaded.map(({ colour }, index) => ({
      series: [series.length + 2 * index + 2, series.length + 2 * index + 1],
      fill: fadedOf(colour, place),
    })),
    hooks: {
      draw: [
        (plot) => {
          if (mark === undefined) return
          const x = plot.valToPos(mark, 'x', true)
          const { left, top, width, height: tall } = plot.bbox
          if (x < left || x > left + width) return
          plot.ctx.save()
          plot.ctx.strokeStyle = colourOf('--ink', place)
          plot.ctx.lineWidth = 2 * devicePixelRatio
          plot.ctx.setLineDash([6, 4])
          plot.ctx.beginPath()
          plot.ctx.moveTo(x, top)
          plot.ctx.lineTo(x, top + tall)
          plot.ctx.stroke()
          plot.ctx.restore()
        },
      ],
    },
  }
}

type Row = readonly (number | null)[]

/** The rows of the plot: the lines, then low and high of each that has an interval. */
function rowsOf({ data, series }: PlotProps): uPlot.AlignedData {
  const ends = series.flatMap(({ interval }): Row[] =>
    interval === undefined ? [] : [interval.low, interval.high],
  )
  return [...data, ...ends] as unknown as uPlot.AlignedData
}

/** A line plot in the page's own colours, as wide as its place. */
export function Plot(props: PlotProps) {
  const place = useRef<HTMLDivElement>(null)
  const shown = useRef<uPlot | undefined>(undefined)
  const data = rowsOf(props)
  const looks = props.series.map(({ label, colour, dash, interval }) => [
    label,
    colour,
    dash,
    interval !== undefined,
  ])
  const key = JSON.stringify([looks, props.mark, props.xLabel, props.yRange])

  useEffect(() => {
    const within = place.current
    if (within === null) return
    const dark = matchMedia('(prefers-color-scheme: dark)')
    const make = () => {
      shown.current?.destroy()
      shown.current = new uPlot(optionsOf(props, within), data, within)
    }
    make()
    const resized = new ResizeObserver(() => {
      shown.current?.setSize({ width: within.clientWidth, height: props.height ?? 280 })
    })
    resized.observe(within)
    dark.addEventListener('change', make)
    return () => {
      dark.removeEventListener('change', make)
      resized.disconnect()
      shown.current?.destroy()
      shown.current = undefined
    }
  }, [key, theme.value, language.value])

  useEffect(() => {
    shown.current?.setData(rowsOf(props))
  }, [props.data])

  return <div class="plot" ref={place} role="img" aria-label={props.label} />
}
