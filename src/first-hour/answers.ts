import { z } from 'zod'

/** What `genkan setup` has to know before it writes anything. */
export interface Answers {
  /** Profile of `firmware-config/`, or none. */
  readonly board: string | undefined
  readonly door: { readonly id: string; readonly name: string }
  readonly camera: Readonly<Record<string, string>>
  /** Broker, or `undefined` for the embedded one on loopback. */
  readonly mqttUrl: string | undefined
  /** Address that the console listens at. */
  readonly host: string
}

const deviceSchema = z.string().regex(/^\/dev\/[\w./:-]{1,200}$/)

/**
 * The camera's part of the configuration out of one line: `replay`, `/dev/video0`, `rtsp://…`,
 * `http://….mjpg` or `file:PATH`.
 * @throws Error that names the forms
 */
export function parseCamera(text: string): Record<string, string> {
  if (text === 'replay') return { source: 'replay' }
  if (deviceSchema.safeParse(text).success) return { source: 'v4l2', device: text }
  if (/^rtsps?:\/\//.test(text)) return { source: 'rtsp', url: text }
  if (/^https?:\/\//.test(text)) return { source: 'mjpeg', url: text }
  if (text.startsWith('file:')) return { source: 'file', path: text.slice('file:'.length) }
  throw new Error(
    `${JSON.stringify(text.slice(0, 80))} is no camera: give replay, /dev/video0, rtsp://…, http://….mjpg or file:PATH`,
  )
}

/** An id for topics out of a door's name: `Front door` becomes `front-door`. */
export function doorIdOf(name: string): string {
  const id = name
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
  return id === '' ? 'front' : id.slice(0, 32)
}
