import { useEffect, useRef, useState } from 'preact/hooks'
import { effect } from '@preact/signals'

import type { LiveFace } from '../../ports/live.js'
import type { SeenFaces } from '../door-view.js'
import { api, door } from '../session.js'
import { words } from '../words.js'
import { Icon } from './icon.js'
import { pollPictures } from './poll-pictures.js'

const BOXES_LAST_MS = 1_500
const LABEL_FONT = "500 15px 'Zen Kaku Gothic New', 'Hiragino Sans', 'Noto Sans CJK JP', sans-serif"

/** Colours on the picture; each standing also has its own mark, line and text. */
const LOOKS = {
  judging: { colour: '#f3efe6', mark: 'dots', dash: [7, 6] },
  granted: { colour: '#b9dca4', mark: 'check', dash: [] },
  denied: { colour: '#ffb39b', mark: 'cross', dash: [] },
} as const

function labelOf(face: LiveFace): string {
  const { outcome, reasons } = words.value
  if (face.standing === 'granted') return face.name ?? outcome.granted
  if (face.standing === 'denied')
    return face.reason === null ? outcome.denied : reasons[face.reason]
  return outcome.judging
}

function drawMark(context: CanvasRenderingContext2D, mark: string, x: number, y: number) {
  const size = 12
  context.beginPath()
  if (mark === 'check') {
    context.moveTo(x, y + size * 0.55)
    context.lineTo(x + size * 0.35, y + size * 0.9)
    context.lineTo(x + size, y + size * 0.1)
  } else if (mark === 'cross') {
    context.moveTo(x + size * 0.1, y + size * 0.1)
    context.lineTo(x + size * 0.9, y + size * 0.9)
    context.moveTo(x + size * 0.9, y + size * 0.1)
    context.lineTo(x + size * 0.1, y + size * 0.9)
  } else {
    for (const at of [0.1, 0.5, 0.9]) {
      context.moveTo(x + size * at, y + size * 0.55)
      context.lineTo(x + size * at + 0.01, y + size * 0.55)
    }
  }
  context.stroke()
}

interface Place {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
  readonly scale: number
}

function drawFace(context: CanvasRenderingContext2D, face: LiveFace, place: Place) {
  const { colour, mark, dash } = LOOKS[face.standing]
  const x = place.x + face.box.x * place.scale
  const y = place.y + face.box.y * place.scale
  const width = face.box.width * place.scale
  const height = face.box.height * place.scale

  context.setLineDash([...dash])
  context.lineWidth = 5
  context.strokeStyle = 'rgb(18 16 14 / 45%)'
  context.beginPath()
  context.roundRect(x, y, width, height, 6)
  context.stroke()
  context.lineWidth = 2.5
  context.strokeStyle = colour
  context.stroke()
  context.setLineDash([])

  const label = labelOf(face)
  context.font = LABEL_FONT
  context.textBaseline = 'middle'
  const labelWidth = Math.min(context.measureText(label).width, place.width - 50) + 42
  const labelX = Math.max(place.x, Math.min(x - 1, place.x + place.width - labelWidth))
  const labelY = y > place.y + 34 ? y - 32 : Math.min(y + height + 4, place.y + place.height - 30)
  context.fillStyle = 'rgb(18 16 14 / 88%)'
  context.beginPath()
  context.roundRect(labelX, labelY, labelWidth, 28, 4)
  context.fill()
  context.lineWidth = 2.5
  context.lineCap = 'round'
  drawMark(context, mark, labelX + 10, labelY + 8)
  context.fillStyle = colour
  context.fillText(label, labelX + 31, labelY + 15, labelWidth - 40)
}

function drawBoxes(canvas: HTMLCanvasElement, seen: SeenFaces | undefined) {
  const { clientWidth, clientHeight } = canvas
  canvas.width = Math.round(clientWidth * devicePixelRatio)
  canvas.height = Math.round(clientHeight * devicePixelRatio)
  const context = canvas.getContext('2d')
  if (context === null) return
  context.scale(devicePixelRatio, devicePixelRatio)
  if (seen === undefined || performance.now() - seen.atMs > BOXES_LAST_MS) return
  const { frame, faces } = seen
  const scale = Math.min(clientWidth / frame.width, clientHeight / frame.height)
  const width = frame.width * scale
  const height = frame.height * scale
  const place = {
    scale,
    width,
    height,
    x: (clientWidth - width) / 2,
    y: (clientHeight - height) / 2,
  }
  for (const face of faces) drawFace(context, face, place)
}

/** The live picture of the door with a box round every face, and the prompt for who stands there. */
export function LivePicture({ compact = false }: { readonly compact?: boolean }) {
  const picture = useRef<HTMLCanvasElement>(null)
  const boxes = useRef<HTMLCanvasElement>(null)
  const frame = useRef<HTMLDivElement>(null)
  const [pictures, setPictures] = useState(0)
  const { live, kiosk } = words.value

  useEffect(() => {
    const watching = new AbortController()
    const redraw = () => {
      const seen = door.seen.value
      if (boxes.current !== null) drawBoxes(boxes.current, seen)
    }
    const resized = new ResizeObserver(redraw)
    if (boxes.current !== null) resized.observe(boxes.current)
    const stop = effect(redraw)
    void pollPictures(
      api,
      (bitmap) => {
        const canvas = picture.current
        if (canvas === null) return
        if (bitmap === undefined) {
          setPictures(0)
          return
        }
        if (canvas.width !== bitmap.width || canvas.height !== bitmap.height) {
          canvas.width = bitmap.width
          canvas.height = bitmap.height
          frame.current?.style.setProperty('aspect-ratio', `${bitmap.width} / ${bitmap.height}`)
        }
        canvas.getContext('2d')?.drawImage(bitmap, 0, 0)
        setPictures((count) => count + 1)
        redraw()
      },
      watching.signal,
    )
    return () => {
      watching.abort()
      resized.disconnect()
      stop()
    }
  }, [])

  const prompt = door.prompt.value
  const challenge = door.challenge.value
  const step = challenge?.steps[challenge.at]
  const steps: Readonly<Partial<Record<string, string>>> = kiosk.prompts
  const texts: Readonly<Partial<Record<string, string>>> = kiosk.asked
  const asked = step === undefined ? prompt && (texts[prompt.code] ?? prompt.text) : steps[step]
  return (
    <div
      class={`live ${compact ? 'compact' : ''}`}
      ref={frame}
      data-pictures={pictures}
      data-stale={String(door.connected.value === false)}
    >
      <canvas
        class="live-picture"
        ref={picture}
        role="img"
        aria-label={live.picture}
        hidden={pictures === 0}
      />
      <canvas class="live-boxes" ref={boxes} aria-hidden="true" />
      {pictures === 0 && <p class="live-empty">{live.waitingForCamera}</p>}
      <p class="prompt" role="status" aria-live="assertive" hidden={!asked}>
        {asked && (
          <>
            <Icon name="eye" />
            <span>
              {asked}
              {challenge !== null && (
                <small> {live.step(challenge.at + 1, challenge.steps.length)}</small>
              )}
            </span>
          </>
        )}
      </p>
    </div>
  )
}
