import { byId, icon } from './element.js'
import { reasons, words } from './words.js'

/** At most about seven pictures a second, and none while nobody looks. */
const PICTURE_EVERY_MS = 140
const RETRY_MS = 1_500
const BOXES_LAST_MS = 1_500

/** Colours on the picture; each standing also has its own mark, line and text. */
const LOOKS = {
  judging: { colour: '#f3efe6', mark: 'dots', dash: [7, 6] },
  granted: { colour: '#b9dca4', mark: 'check', dash: [] },
  denied: { colour: '#ffb39b', mark: 'cross', dash: [] },
}

function labelOf(face) {
  if (face.standing === 'granted') return face.name ?? words.granted
  if (face.standing === 'denied') return reasons[face.reason]?.[0] ?? words.denied
  return words.judging
}

function drawMark(context, mark, x, y, size) {
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

function drawFace(context, face, place) {
  const { colour, mark, dash } = LOOKS[face.standing]
  const x = place.x + face.box.x * place.scale
  const y = place.y + face.box.y * place.scale
  const width = face.box.width * place.scale
  const height = face.box.height * place.scale

  context.setLineDash(dash)
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
  context.font = "500 15px 'Zen Kaku Gothic New', system-ui, sans-serif"
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
  drawMark(context, mark, labelX + 10, labelY + 8, 12)
  context.fillStyle = colour
  context.fillText(label, labelX + 31, labelY + 15, labelWidth - 40)
}

/** The live picture with a box round every face, and the prompt for who stands there. */
export function showLive(api, signal) {
  const live = byId('live')
  const picture = byId('picture')
  const boxes = byId('boxes')
  const prompt = byId('prompt')
  const empty = byId('live-empty')
  let seen
  let wake = () => {}

  function draw() {
    const ratio = devicePixelRatio
    const { clientWidth, clientHeight } = boxes
    boxes.width = Math.round(clientWidth * ratio)
    boxes.height = Math.round(clientHeight * ratio)
    const context = boxes.getContext('2d')
    context.scale(ratio, ratio)
    if (seen === undefined || performance.now() - seen.atMs > BOXES_LAST_MS) return
    const { frame, faces } = seen
    const scale = Math.min(clientWidth / frame.width, clientHeight / frame.height)
    const place = {
      scale,
      x: (clientWidth - frame.width * scale) / 2,
      y: (clientHeight - frame.height * scale) / 2,
      width: frame.width * scale,
      height: frame.height * scale,
    }
    for (const face of faces) drawFace(context, face, place)
  }

  function showPicture(bitmap) {
    if (picture.width !== bitmap.width || picture.height !== bitmap.height) {
      picture.width = bitmap.width
      picture.height = bitmap.height
      live.style.aspectRatio = `${bitmap.width} / ${bitmap.height}`
    }
    picture.getContext('2d').drawImage(bitmap, 0, 0)
    bitmap.close()
    empty.hidden = true
    live.dataset.pictures = String(Number(live.dataset.pictures ?? 0) + 1)
  }

  const pause = (ms) =>
    new Promise((resolve) => {
      wake = resolve
      setTimeout(resolve, ms)
    })

  async function watch() {
    while (!signal.aborted) {
      if (document.hidden) {
        await new Promise((resolve) => (wake = resolve))
        continue
      }
      const startedMs = performance.now()
      try {
        showPicture(await createImageBitmap(await api.snapshot(signal)))
        draw()
        await pause(Math.max(20, PICTURE_EVERY_MS - (performance.now() - startedMs)))
      } catch {
        if (signal.aborted) return
        empty.hidden = false
        empty.textContent = words.waitingForCamera
        picture.width = picture.height = 1
        await pause(RETRY_MS)
      }
    }
  }

  document.addEventListener('visibilitychange', () => wake(), { signal })
  signal.addEventListener('abort', () => wake(), { once: true })
  new ResizeObserver(draw).observe(boxes)
  void watch()

  return {
    faces(event) {
      seen = { ...event, atMs: performance.now() }
      draw()
    },
    prompt(wanted) {
      prompt.hidden = wanted === null
      prompt.replaceChildren(...(wanted === null ? [] : [icon('eye'), wanted.text]))
    },
    /** An old picture must not pass for the door as it is now. */
    connected(is) {
      live.dataset.stale = String(!is)
      if (is) return
      seen = undefined
      prompt.hidden = true
      draw()
    },
  }
}
