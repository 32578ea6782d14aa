import { normalQuantile } from './normal-quantile.js'

/** How an axis spreads its values; `probit` is the usual one of DET curves. */
export type AxisScale = 'linear' | 'log' | 'probit'

export interface PlotAxis {
  readonly label: string
  readonly scale: AxisScale
  readonly from: number
  readonly to: number
  /** Values to mark; each needs a text. */
  readonly ticks: readonly { readonly value: number; readonly text: string }[]
}

export interface PlotSeries {
  /** Shown in the legend. */
  readonly label: string
  readonly points: readonly { readonly x: number; readonly y: number }[]
  /** Interval: shaded around a curve, a whisker at each dot. */
  readonly band?: readonly { readonly x: number; readonly low: number; readonly high: number }[]
  readonly style?: 'line' | 'dashed' | 'dots'
}

export interface Plot {
  readonly title: string
  readonly subtitle?: string
  readonly x: PlotAxis
  readonly y: PlotAxis
  readonly series: readonly PlotSeries[]
  /** Horizontal or vertical lines worth seeing, such as a target rate. */
  readonly marks?: readonly {
    readonly axis: 'x' | 'y'
    readonly value: number
    readonly text: string
  }[]
}

const WIDTH = 760
const HEIGHT = 520
const LEFT = 84
const RIGHT = 44
const TOP = 74
const BOTTOM = 62
/** Okabe and Ito's palette, told apart with every common colour vision. */
const COLOURS = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#56b4e9', '#e69f00', '#333333']
const FONT = 'font-family="system-ui, Segoe UI, Roboto, Helvetica, Arial, sans-serif"'

function escapeText(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
}

function spread(scale: AxisScale, value: number): number {
  switch (scale) {
    case 'linear':
      return value
    case 'log':
      return Math.log10(value)
    case 'probit':
      return normalQuantile(value)
  }
}

/** Position on an axis in pixels; values outside are drawn at the edge. */
function positioner(axis: PlotAxis, start: number, end: number): (value: number) => number {
  const from = spread(axis.scale, axis.from)
  const to = spread(axis.scale, axis.to)
  if (!(Number.isFinite(from) && Number.isFinite(to) && from !== to)) {
    throw new RangeError(`axis "${axis.label}" cannot run from ${axis.from} to ${axis.to}`)
  }
  const [low, high] = [Math.min(axis.from, axis.to), Math.max(axis.from, axis.to)]
  return (value) => {
    const inside = Math.min(high, Math.max(low, value))
    const share = (spread(axis.scale, inside) - from) / (to - from)
    return Math.round((start + share * (end - start)) * 100) / 100
  }
}

interface Frame {
  readonly x: (value: number) => number
  readonly y: (value: number) => number
}

function text(at: { x: number; y: number }, content: string, attributes: string): string {
  return `<text x="${at.x}" y="${at.y}" ${attributes}>${escapeText(content)}</text>`
}

function drawGrid(plot: Plot, { x, y }: Frame): string[] {
  const bottom = HEIGHT - BOTTOM
  const right = WIDTH - RIGHT
  const grid = 'stroke="#e3e6ea" stroke-width="1"'
  return [
    ...plot.x.ticks.flatMap(({ value, text: content }) => [
      `<line x1="${x(value)}" y1="${TOP}" x2="${x(value)}" y2="${bottom}" ${grid}/>`,
      text(
        { x: x(value), y: bottom + 18 },
        content,
        'text-anchor="middle" font-size="12" fill="#444"',
      ),
    ]),
    ...plot.y.ticks.flatMap(({ value, text: content }) => [
      `<line x1="${LEFT}" y1="${y(value)}" x2="${right}" y2="${y(value)}" ${grid}/>`,
      text(
        { x: LEFT - 8, y: y(value) + 4 },
        content,
        'text-anchor="end" font-size="12" fill="#444"',
      ),
    ]),
    `<rect x="${LEFT}" y="${TOP}" width="${right - LEFT}" height="${bottom - TOP}" fill="none" stroke="#9aa0a6"/>`,
  ]
}

function drawMarks(plot: Plot, { x, y }: Frame): string[] {
  const line = 'stroke="#b3261e" stroke-width="1" stroke-dasharray="2 4"'
  return (plot.marks ?? []).flatMap(({ axis, value, text: content }) =>
    axis === 'x'
      ? [
          `<line x1="${x(value)}" y1="${TOP}" x2="${x(value)}" y2="${HEIGHT - BOTTOM}" ${line}/>`,
          text({ x: x(value) + 5, y: TOP + 14 }, content, 'font-size="11" fill="#b3261e"'),
        ]
      : [
          `<line x1="${LEFT}" y1="${y(value)}" x2="${WIDTH - RIGHT}" y2="${y(value)}" ${line}/>`,
          text({ x: LEFT + 6, y: y(value) - 5 }, content, 'font-size="11" fill="#b3261e"'),
        ],
  )
}

function drawBand(band: NonNullable<PlotSeries['band']>, colour: string, { x, y }: Frame): string {
  const upper = band.map((point) => `${x(point.x)},${y(point.high)}`)
  const lower = band.map((point) => `${x(point.x)},${y(point.low)}`).reverse()
  return `<polygon points="${[...upper, ...lower].join(' ')}" fill="${colour}" fill-opacity="0.14"/>`
}

function drawWhiskers(
  band: NonNullable<PlotSeries['band']>,
  colour: string,
  { x, y }: Frame,
): string[] {
  return band.map(({ x: at, low, high }) => {
    const centre = x(at)
    const cap = (value: number): string => `M${centre - 4} ${y(value)}H${centre + 4}`
    const path = `M${centre} ${y(low)}V${y(high)}${cap(low)}${cap(high)}`
    return `<path d="${path}" stroke="${colour}" stroke-width="1.4" fill="none"/>`
  })
}

function drawSeries(series: PlotSeries, colour: string, frame: Frame): string[] {
  const { x, y } = frame
  const band = series.band ?? []
  if (series.style === 'dots') {
    return [
      ...drawWhiskers(band, colour, frame),
      ...series.points.map(
        (point) => `<circle cx="${x(point.x)}" cy="${y(point.y)}" r="4" fill="${colour}"/>`,
      ),
    ]
  }
  const points = series.points.map((point) => `${x(point.x)},${y(point.y)}`).join(' ')
  const dash = series.style === 'dashed' ? ' stroke-dasharray="7 4"' : ''
  return [
    ...(band.length > 1 ? [drawBand(band, colour, frame)] : []),
    `<polyline points="${points}" fill="none" stroke="${colour}" stroke-width="2" stroke-linejoin="round"${dash}/>`,
  ]
}

/** The corner in which the fewest points of the curves lie. */
function legendCorner(
  plot: Plot,
  { x, y }: Frame,
  width: number,
  height: number,
): { x: number; y: number } {
  const corners = [
    { x: WIDTH - RIGHT - width - 10, y: TOP + 10 },
    { x: LEFT + 10, y: TOP + 10 },
    { x: LEFT + 10, y: HEIGHT - BOTTOM - height - 10 },
    { x: WIDTH - RIGHT - width - 10, y: HEIGHT - BOTTOM - height - 10 },
  ]
  const points = plot.series.flatMap((series) => [
    ...series.points.map((point) => ({ x: x(point.x), y: y(point.y) })),
    ...(series.band ?? []).map((point) => ({ x: x(point.x), y: y(point.high) })),
  ])
  const covered = corners.map(
    (corner) =>
      points.filter(
        (point) =>
          point.x > corner.x - 8 &&
          point.x < corner.x + width + 8 &&
          point.y > corner.y - 8 &&
          point.y < corner.y + height + 8,
      ).length,
  )
  return corners[covered.indexOf(Math.min(...covered))]
}

function drawLegend(plot: Plot, frame: Frame): string[] {
  const longest = Math.max(...plot.series.map(({ label }) => label.length))
  const width = 46 + longest * 6.6
  const height = 12 + plot.series.length * 20
  const corner = legendCorner(plot, frame, width, height)
  return [
    `<rect x="${corner.x}" y="${corner.y}" width="${width}" height="${height}" rx="4" fill="#fff" fill-opacity="0.9" stroke="#d0d4d9"/>`,
    ...plot.series.flatMap(({ label, style }, i) => {
      const y = corner.y + 17 + i * 20
      const colour = COLOURS[i % COLOURS.length]
      const dash = style === 'dashed' ? ' stroke-dasharray="7 4"' : ''
      const sign =
        style === 'dots'
          ? `<circle cx="${corner.x + 21}" cy="${y - 1}" r="3.5" fill="${colour}"/>`
          : `<line x1="${corner.x + 9}" y1="${y - 1}" x2="${corner.x + 33}" y2="${y - 1}" stroke="${colour}" stroke-width="2"${dash}/>`
      return [sign, text({ x: corner.x + 40, y: y + 3 }, label, 'font-size="12" fill="#222"')]
    }),
  ]
}

/**
 * Draws curves as a self-contained SVG: axes, grid, shaded intervals, legend.
 * @throws RangeError when there is nothing to draw or an axis has no extent on its scale
 */
export function drawPlot(plot: Plot): string {
  if (plot.series.length === 0) throw new RangeError('there is no curve to draw')
  const frame = {
    x: positioner(plot.x, LEFT, WIDTH - RIGHT),
    y: positioner(plot.y, HEIGHT - BOTTOM, TOP),
  }
  const middle = (TOP + HEIGHT - BOTTOM) / 2
  const elements = [
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>`,
    text({ x: LEFT, y: 32 }, plot.title, 'font-size="18" font-weight="600" fill="#111"'),
    ...(plot.subtitle
      ? [text({ x: LEFT, y: 54 }, plot.subtitle, 'font-size="12.5" fill="#555"')]
      : []),
    ...drawGrid(plot, frame),
    ...plot.series.flatMap((series, i) => drawSeries(series, COLOURS[i % COLOURS.length], frame)),
    ...drawMarks(plot, frame),
    ...drawLegend(plot, frame),
    text(
      { x: (LEFT + WIDTH - RIGHT) / 2, y: HEIGHT - 18 },
      plot.x.label,
      'text-anchor="middle" font-size="13" fill="#222"',
    ),
    `<g transform="translate(22 ${middle}) rotate(-90)">${text(
      { x: 0, y: 0 },
      plot.y.label,
      'text-anchor="middle" font-size="13" fill="#222"',
    )}</g>`,
  ]
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" ` +
    `width="${WIDTH}" height="${HEIGHT}" role="img" ${FONT}>\n` +
    `<title>${escapeText(plot.title)}</title>\n${elements.join('\n')}\n</svg>\n`
  )
}
